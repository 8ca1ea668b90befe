package expand

import (
	"errors"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"
)

// pathspec returns what `git ls-files -- pattern` matches: a file, all below a folder, or a wildcard
// whose * and ? match slashes too (gitglossary, "pathspec").
func pathspec(pattern string) (func(file string) bool, error) {
	if strings.HasPrefix(pattern, ":") {
		return nil, errors.New("the file pattern " + pattern + " uses a pathspec's magic signature, which is not read here")
	}
	clean := path.Clean(pattern)
	if path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") {
		return nil, errors.New("the file pattern " + pattern + " leads out of the repository")
	}
	if clean == "." {
		return func(string) bool { return true }, nil
	}
	folder := clean + "/"
	if strings.HasSuffix(pattern, "/") {
		clean = folder
	}
	wild, err := wildcard(clean)
	if err != nil {
		return nil, err
	}
	return func(file string) bool {
		return file == clean || strings.HasPrefix(file, folder) || wild != nil && wild.MatchString(octets(file))
	}, nil
}

// wildcard returns the expression for a pattern, nil for one without wildcards.
func wildcard(pattern string) (*regexp.Regexp, error) {
	if !strings.ContainsAny(pattern, `*?[\`) {
		return nil, nil
	}
	var text strings.Builder
	text.WriteString(`(?s)\A`)
	for rest := octets(pattern); rest != ""; {
		var part string
		part, rest = step(rest)
		text.WriteString(part)
	}
	text.WriteString(`\z`)
	found, err := regexp.Compile(text.String())
	if err != nil {
		return nil, errors.New("the file pattern " + pattern + " is not read here")
	}
	return found, nil
}

var bracket = regexp.MustCompile(`\A\[[!^]?\]?(?:\[:[a-z]+:\]|\\.|[^\]\\])*\]`)

// step translates the pattern's first element and returns what is left.
func step(pattern string) (part, rest string) {
	switch {
	case pattern[0] == '*':
		return ".*", pattern[1:]
	case pattern[0] == '?':
		return ".", pattern[1:]
	case pattern[0] == '\\' && len(pattern) > 1:
		letter, rest := first(pattern[1:])
		return regexp.QuoteMeta(letter), rest
	case pattern[0] == '[':
		if class := bracket.FindString(pattern); class != "" {
			inner := class[1:]
			negated := ""
			if inner[0] == '!' || inner[0] == '^' {
				inner, negated = inner[1:], "^"
			}
			if inner[0] == ']' {
				inner = `\` + inner
			}
			return "[" + negated + inner, pattern[len(class):]
		}
		return `[^\s\S]`, "" // a bracket that is never closed matches nothing
	}
	letter, rest := first(pattern)
	return regexp.QuoteMeta(letter), rest
}

func first(text string) (letter, rest string) {
	_, size := utf8.DecodeRuneInString(text)
	return text[:size], text[size:]
}

// octets makes a letter of each byte, for Git's ? and [] match one byte.
func octets(text string) string {
	letters := make([]rune, 0, len(text))
	for index := range len(text) {
		letters = append(letters, rune(text[index]))
	}
	return string(letters)
}
