package admit

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apiserver/pkg/registry/rest"
)

// endpoint is what the API server has for one version of one kind.
type endpoint interface {
	// notServed says why requests of this version are refused; empty when they are not.
	notServed() string
	warnings() []string
	strategy() rest.RESTCreateStrategy
	// decode returns the object as the registry sees it and the faults of decoding; nil when there is no object.
	decode(raw []byte) (runtime.Object, [][2]string)
	// encode writes an object of any version of the kind in this version.
	encode(object runtime.Object) ([]byte, error)
	// apply is what `kubectl apply` makes of a live object: what last was and next is not goes, the rest of next is set.
	apply(last, next, live []byte) ([]byte, error)
}

// endpoint returns nil, and why as undecided, when there is nothing to judge a kind by.
func (c *collector) endpoint(kind schema.GroupVersionKind) endpoint {
	server := serverOf(kind.GroupKind())
	if server == nil {
		return c.customEndpoint(kind)
	}
	if server.strategies[kind.GroupKind()] == nil && server.notServed(kind) == "" {
		c.undecide(fmt.Sprintf("%s %s is a request, not an object that is kept", kind.GroupVersion(), kind.Kind))
		return nil
	}
	return builtIn{server, kind}
}

// builtIn is a version of a kind that is compiled into the API server.
type builtIn struct {
	server *server
	kind   schema.GroupVersionKind
}

func (b builtIn) notServed() string  { return b.server.notServed(b.kind) }
func (b builtIn) warnings() []string { return b.server.warningsOf(b.kind) }
func (b builtIn) strategy() rest.RESTCreateStrategy {
	return b.server.strategies[b.kind.GroupKind()]
}

func (b builtIn) decode(raw []byte) (runtime.Object, [][2]string) {
	return b.server.decode(raw, b.kind)
}

func (b builtIn) encode(object runtime.Object) ([]byte, error) {
	return runtime.Encode(b.server.codecs.LegacyCodec(b.kind.GroupVersion()), object)
}

// apply makes and uses the patch that kubectl does (kubectl/pkg/cmd/apply, Patcher.patchSimple).
func (b builtIn) apply(last, next, live []byte) ([]byte, error) {
	external, err := b.server.scheme.New(b.kind)
	if err != nil {
		return nil, err
	}
	meta, err := strategicpatch.NewPatchMetaFromStruct(external)
	if err != nil {
		return nil, err
	}
	const overwrite = true
	patch, err := strategicpatch.CreateThreeWayMergePatch(b.known(last), b.known(next), live, meta, overwrite)
	if err != nil {
		return nil, err
	}
	return strategicpatch.StrategicMergePatchUsingLookupPatchMeta(live, patch, meta)
}

// known drops the fields that the version lacks, for patches know only its fields. It is the same text when
// there are none.
func (b builtIn) known(raw []byte) []byte {
	if _, problems := b.decode(raw); len(problems) == 0 {
		return raw
	}
	external := newObject(b.server.scheme, b.kind)
	if external == nil || json.Unmarshal(raw, external) != nil {
		return raw
	}
	pruned, err := json.Marshal(external)
	if err != nil {
		return raw
	}
	return pruned
}

// Read returns a manifest of a built-in kind as the API server's registries see it, defaulted; nil when the kind is
// not built in.
func Read(raw []byte, kind schema.GroupVersionKind) (runtime.Object, error) {
	server := serverOf(kind.GroupKind())
	if server == nil {
		return nil, nil
	}
	if problem := unbounded(raw); problem != "" {
		return nil, errors.New(problem)
	}
	object, problems := server.decode(raw, kind)
	if object == nil {
		return nil, errors.New(strings.TrimPrefix(problems[0][0]+": "+problems[0][1], ": "))
	}
	return object, nil
}
