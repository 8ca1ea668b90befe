package admit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// Bounds on what is looked at: real manifests nest some twenty levels and have no list in a list.
const (
	maxNesting = 1000
	maxLists   = 8
)

// unbounded says why a manifest would take the API server's code too long; empty when it would not.
func unbounded(raw []byte) string {
	if tooDeep(raw) {
		return fmt.Sprintf("nested deeper than %d levels", maxNesting)
	}
	if mayHaveHugeExponent(raw) {
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		var tree any
		if err := decoder.Decode(&tree); err == nil {
			return hugeQuantity(tree)
		}
	}
	return ""
}

// tooDeep counts brackets outside strings.
func tooDeep(raw []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case '{', '[':
			if !quoted {
				depth++
			}
		case '}', ']':
			if !quoted {
				depth--
			}
		}
		if depth > maxNesting {
			return true
		}
	}
	return false
}

// Comparing quantities takes seconds from an exponent of seven digits on.
const hugeDigits = 7

var hugeExponent = regexp.MustCompile(fmt.Sprintf(`^[+-]?[0-9.]+[eE][+-]?[0-9]{%d,}$`, hugeDigits))

// mayHaveHugeExponent looks for an e between a digit and many digits.
func mayHaveHugeExponent(raw []byte) bool {
	digits, exponent := 0, false
	for i, char := range raw {
		switch {
		case '0' <= char && char <= '9':
			if digits++; exponent && digits >= hugeDigits {
				return true
			}
		case (char == 'e' || char == 'E') && i > 0 && (digits > 0 || raw[i-1] == '.'):
			digits, exponent = 0, true
		case (char == '+' || char == '-') && exponent && digits == 0:
		default:
			digits, exponent = 0, false
		}
	}
	return false
}

// neverQuantities are fields whose text may look like a number, such as a short commit hash.
var neverQuantities = map[string]bool{
	"metadata": true, "matchLabels": true, "selector": true, "data": true, "stringData": true,
}

func hugeQuantity(node any) string {
	switch value := node.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if problem := hugeQuantity(value[key]); problem != "" && !neverQuantities[key] {
				return problem
			}
		}
	case []any:
		for _, child := range value {
			if problem := hugeQuantity(child); problem != "" {
				return problem
			}
		}
	case string:
		if hugeExponent.MatchString(value) {
			return "a number is too large: " + value
		}
	case json.Number:
		return hugeQuantity(value.String())
	}
	return ""
}
