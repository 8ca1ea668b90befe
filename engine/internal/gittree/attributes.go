package gittree

import (
	"regexp"
	"strings"
)

// line is one line of a `.gitattributes`, as gitattributes(5) has it. (go-git's matcher lets the first line win, and
// panics on some patterns.)
type line struct {
	pattern  *regexp.Regexp
	settings []string
}

// values are attributes by name; a set one is `set`, one that was unset is `unset`, an unspecified one is not there.
type values map[string]string

const (
	isSet   = "set"
	isUnset = "unset"
)

// value returns what follows a name and `=`; empty for one that has no value.
func (v values) value(name string) string {
	if found := v[name]; found != isSet && found != isUnset {
		return found
	}
	return ""
}

func (v values) unset(name string) bool { return v[name] == isUnset }

func parse(text, folder string) []line {
	var lines []line
	for _, each := range strings.Split(text, "\n") {
		fields := strings.Fields(each)
		if len(fields) < 2 || strings.HasPrefix(fields[0], "#") || strings.HasPrefix(fields[0], "[attr]") {
			continue
		}
		if pattern, ok := compile(fields[0], folder); ok {
			lines = append(lines, line{pattern: pattern, settings: fields[1:]})
		}
	}
	return lines
}

func (l line) matches(path string) bool { return l.pattern.MatchString(path) }

func (l line) apply(to values) {
	for _, each := range l.settings {
		name, value, valued := strings.Cut(each, "=")
		switch {
		case valued:
			to[name] = value
		case each == "binary":
			to["text"] = isUnset
		case strings.HasPrefix(each, "-"):
			to[each[1:]] = isUnset
		case strings.HasPrefix(each, "!"):
			delete(to, each[1:])
		default:
			to[each] = isSet
		}
	}
}

// compile makes a regular expression for paths relative to the root. A quoted pattern, which may hold anything, is
// taken to match everything in its folder: that only refuses more.
func compile(pattern, folder string) (*regexp.Regexp, bool) {
	var out strings.Builder
	out.WriteString("^")
	if folder != "" {
		out.WriteString(regexp.QuoteMeta(folder) + "/")
	}
	if strings.HasPrefix(pattern, `"`) {
		pattern = "**"
	} else if !strings.Contains(pattern, "/") {
		out.WriteString("(?:.*/)?")
	}
	translate(&out, strings.TrimPrefix(pattern, "/"))
	found, err := regexp.Compile(out.String() + "$")
	return found, err == nil
}

func translate(out *strings.Builder, pattern string) {
	for i := 0; i < len(pattern); i++ {
		rest := pattern[i:]
		class := strings.IndexByte(rest, ']')
		switch {
		case strings.HasPrefix(rest, "**/"):
			out.WriteString("(?:.*/)?")
			i += 2
		case strings.HasPrefix(rest, "**"):
			out.WriteString(".*")
			i++
		case rest[0] == '*':
			out.WriteString("[^/]*")
		case rest[0] == '?':
			out.WriteString("[^/]")
		case rest[0] == '[' && class > 1:
			out.WriteString(strings.Replace(rest[:class+1], "[!", "[^", 1))
			i += class
		case rest[0] == '\\' && len(rest) > 1:
			out.WriteString(regexp.QuoteMeta(rest[1:2]))
			i++
		default:
			out.WriteString(regexp.QuoteMeta(rest[:1]))
		}
	}
}
