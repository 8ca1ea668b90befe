// Package quick keeps kubectl, which Argo CD's packages bring along, from loading its translations at start.
//
// Go initializes packages in the order of their paths, as soon as what they import is: this one has to come
// before kubectl's commands, hence a module of its own with a name that sorts first (go.dev/ref/spec,
// Program initialization).
package quick

import "k8s.io/kubectl/pkg/util/i18n"

func init() {
	// The only error is that they are loaded already, which costs 20 ms and nothing else.
	_ = i18n.SetLoadTranslationsFunc(func() error { return nil })
}
