package policy

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"k8s.io/apiserver/pkg/cel/environment"
)

// reads is what expressions look at. Fields are the paths below `object` that they name, each as
// far as it is spelled out; words are their text literals.
type reads struct {
	authorizer      bool
	user            bool
	namespaceObject bool
	namespace       bool
	fields          []string
	variables       []string
	words           []string
}

// read adds what an expression looks at; one that does not parse looks at nothing, and fails to compile.
func (r *reads) read(expression string) {
	parsed, issues := baseEnvironment().StoredExpressionsEnv().Parse(expression)
	if issues != nil && issues.Err() != nil {
		return
	}
	r.walk(ast.NavigateAST(parsed.NativeRep()))
}

func baseEnvironment() *environment.EnvSet {
	return environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion())
}

func (r *reads) walk(expression ast.NavigableExpr) {
	if root, steps := chain(expression); root != "" {
		r.note(root, steps)
	} else if text, ok := literal(expression); ok {
		r.words = append(r.words, text)
	}
	for _, child := range rest(expression) {
		r.walk(child)
	}
}

func (r *reads) note(root string, steps []string) {
	first := ""
	if len(steps) > 0 {
		first = steps[0]
	}
	switch root {
	case "authorizer":
		r.authorizer = true
	case "namespaceObject":
		r.namespaceObject = true
	case "request":
		r.user = r.user || first == "userInfo" || first == ""
		r.namespace = r.namespace || first == "namespace" || first == ""
	case "variables":
		r.variables = append(r.variables, first)
	case "object":
		r.namespace = r.namespace || slices.Equal(steps, []string{"metadata", "namespace"})
		r.fields = append(r.fields, strings.Join(steps, "\x00"))
	}
}

// chain takes `object.spec.template` apart: its root, and the steps that are spelled out. The root
// is empty for any other expression.
func chain(expression ast.NavigableExpr) (root string, steps []string) {
	switch expression.Kind() {
	case ast.IdentKind:
		return expression.AsIdent(), nil
	case ast.SelectKind:
		operand := expression.AsSelect().Operand().(ast.NavigableExpr)
		if root, steps = chain(operand); root != "" {
			return root, append(steps, expression.AsSelect().FieldName())
		}
	case ast.CallKind:
		if operand, step, ok := indexed(expression); ok {
			if root, steps = chain(operand); root != "" {
				return root, append(steps, step)
			}
		}
	}
	return "", nil
}

// indexed takes `x["key"]`, `x[0]` and `x.?key` apart.
func indexed(expression ast.NavigableExpr) (operand ast.NavigableExpr, step string, ok bool) {
	call := expression.AsCall()
	switch call.FunctionName() {
	case operators.Index, operators.OptIndex, operators.OptSelect:
		operand, key := call.Args()[0].(ast.NavigableExpr), call.Args()[1].(ast.NavigableExpr)
		if text, isText := literal(key); isText {
			return operand, text, true
		}
		if key.Kind() == ast.LiteralKind {
			if number, isNumber := key.AsLiteral().(types.Int); isNumber {
				return operand, strconv.FormatInt(int64(number), 10), true
			}
		}
	}
	return nil, "", false
}

func literal(expression ast.NavigableExpr) (string, bool) {
	if expression.Kind() != ast.LiteralKind {
		return "", false
	}
	text, ok := expression.AsLiteral().(types.String)
	return string(text), ok
}

// rest are the parts of an expression that chain has not taken in.
func rest(expression ast.NavigableExpr) []ast.NavigableExpr {
	if root, _ := chain(expression); root != "" {
		return nil
	}
	return expression.Children()
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// path is the field that all of them have in common, as the protocol writes paths. What a kind is
// called does not count beside other fields.
func (r *reads) path() string {
	var chains [][]string
	for _, each := range r.fields {
		steps := strings.Split(each, "\x00")
		if steps[0] != "" && steps[0] != "kind" && steps[0] != "apiVersion" {
			chains = append(chains, steps)
		}
	}
	if len(chains) == 0 {
		return ""
	}
	common := chains[0]
	for _, each := range chains[1:] {
		length := 0
		for length < min(len(common), len(each)) && common[length] == each[length] {
			length++
		}
		common = common[:length]
	}
	var path strings.Builder
	for _, step := range common {
		switch {
		case !plainKey.MatchString(step):
			path.WriteString("[" + step + "]")
		case path.Len() == 0:
			path.WriteString(step)
		default:
			path.WriteString("." + step)
		}
	}
	return path.String()
}
