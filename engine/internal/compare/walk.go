package compare

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// walk collects the differences of one object.
type walk struct{ changes []Change }

func (w *walk) add(path string, value any) {
	w.changes = append(w.changes, Change{Op: Add, Path: path, After: value})
}

func (w *walk) remove(path string, value any) {
	w.changes = append(w.changes, Change{Op: Remove, Path: path, Before: value})
}

// null is a field that is null in one state and not there in the other, which is the same to Kubernetes' types.
func (w *walk) null(path string, added bool, s shape) {
	_, isTyped := s.(typed)
	op := Remove
	if added {
		op = Add
	}
	w.changes = append(w.changes, Change{Op: op, Path: path, EqualValue: isTyped})
}

func (w *walk) values(path string, before, after any, s shape) {
	switch b := before.(type) {
	case map[string]any:
		if a, ok := after.(map[string]any); ok {
			w.maps(path, b, a, s)
			return
		}
	case []any:
		if a, ok := after.([]any); ok {
			w.lists(path, b, a, s)
			return
		}
	}
	if !same(before, after) {
		w.changes = append(w.changes, Change{
			Op: Replace, Path: path, Before: before, After: after, EqualValue: equalValue(before, after, s),
		})
	}
}

func (w *walk) maps(path string, before, after map[string]any, s shape) {
	names := slices.Collect(maps.Keys(before))
	for name := range after {
		if _, ok := before[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		b, inBefore := before[name]
		a, inAfter := after[name]
		place := join(path, name)
		switch {
		case !inBefore && a == nil || !inAfter && b == nil:
			w.null(place, inAfter, s)
		case !inBefore:
			w.add(place, a)
		case !inAfter:
			w.remove(place, b)
		default:
			w.values(place, b, a, s.field(name))
		}
	}
}

func (w *walk) lists(path string, before, after []any, s shape) {
	how, keys := s.list()
	if how == guessed {
		how, keys = guessKeys(before, after)
	}
	if how == keyed {
		if b, a, ok := byKeys(before, after, keys); ok {
			w.items(path, b, a, s)
			return
		}
	}
	if how == set {
		if b, a, ok := byValue(before, after); ok {
			w.items(path, b, a, s)
			return
		}
	}
	w.positions(path, before, after, s)
}

// guessKeys takes the names of the items where all have one.
func guessKeys(lists ...[]any) (relation, []key) {
	for _, list := range lists {
		for _, item := range list {
			fields, _ := item.(map[string]any)
			if _, ok := fields["name"].(string); !ok {
				return ordered, nil
			}
		}
	}
	return keyed, []key{{name: "name"}}
}

// items compares lists whose items are known by their identities, as they stand in a path.
func (w *walk) items(path string, before, after identified, s shape) {
	for _, identity := range before.order {
		other, found := after.values[identity]
		if found {
			w.values(path+identity, before.values[identity], other, s.element())
			continue
		}
		w.remove(path+identity, before.values[identity])
	}
	for _, identity := range after.order {
		if _, found := before.values[identity]; !found {
			w.add(path+identity, after.values[identity])
		}
	}
	if orderMatters(path) {
		w.order(path, before, after)
	}
}

// order reports items that both states have, in another order.
func (w *walk) order(path string, before, after identified) {
	b, a := before.shared(after), after.shared(before)
	if !slices.Equal(b, a) {
		w.changes = append(w.changes, Change{Op: Reorder, Path: path, Before: b, After: a})
	}
}

// positions compares lists item by item, along the longest run of items that stayed as they were.
func (w *walk) positions(path string, before, after []any, s shape) {
	at := func(index int) string { return fmt.Sprintf("%s[%d]", path, index) }
	for _, each := range hunks(before, after) {
		both := min(each.beforeEnd-each.before, each.afterEnd-each.after)
		for i := range both {
			w.values(at(each.after+i), before[each.before+i], after[each.after+i], s.element())
		}
		for i := each.before + both; i < each.beforeEnd; i++ {
			w.remove(at(i), before[i])
		}
		for i := each.after + both; i < each.afterEnd; i++ {
			w.add(at(i), after[i])
		}
	}
}

func same(before, after any) bool {
	b, ok := before.(json.Number)
	if a, both := after.(json.Number); ok && both {
		return sameNumber(b, a)
	}
	return reflect.DeepEqual(before, after)
}

func sameNumber(before, after json.Number) bool {
	const notInteger = ".eE"
	if before == after || !strings.ContainsAny(string(before+after), notInteger) {
		return before == after
	}
	b, wrong := before.Float64()
	a, alsoWrong := after.Float64()
	return wrong == nil && alsoWrong == nil && b == a
}

// equalValue says whether two different scalars of a quantity mean the same.
func equalValue(before, after any, s shape) bool {
	if !s.isQuantity() {
		return false
	}
	b, ok := quantity(before)
	a, both := quantity(after)
	return ok && both && b.Cmp(a) == 0
}

func quantity(value any) (resource.Quantity, bool) {
	switch value.(type) {
	case string, json.Number:
		found, err := resource.ParseQuantity(fmt.Sprint(value))
		return found, err == nil
	}
	return resource.Quantity{}, false
}
