// Package compare says what differs between two states of one object, field by field.
//
// List items are matched as Kubernetes merges them: by the keys of its own schemas (the static OpenAPI
// types of client-go), of custom resources by their CustomResourceDefinition. Kinds that neither knows
// are compared by the items' names or positions, and the answer says so.
package compare

import (
	"bytes"
	"encoding/json"

	"sealock.dev/engine/internal/failure"
	kept "sealock.dev/engine/internal/parameters"
)

// Operations of a Change.
const (
	Add     = "add"
	Remove  = "remove"
	Replace = "change"
	Reorder = "reorder"
)

// Change is one difference. Path is empty for the whole object. EqualValue marks two spellings of one
// value ("1000m" and "1"). A reorder has the keys of the items as Before and After.
type Change struct {
	Op         string `json:"op"`
	Path       string `json:"path"`
	Before     any    `json:"before,omitempty"`
	After      any    `json:"after,omitempty"`
	EqualValue bool   `json:"equal_value,omitempty"`
}

// Answer is the answer to one item. Schema says what matched the list items: `built-in`, `definition`, or
// `none` where they were matched by name or position.
type Answer struct {
	Changes []Change `json:"changes"`
	Schema  string   `json:"schema"`
}

// Run answers one item of the protocol's compare operation.
func Run(params, item json.RawMessage) (any, error) {
	known, err := last.Of(params, decodeDefinitions)
	if err != nil {
		return nil, failure.New(failure.BadRequest, "compare: "+err.Error(), "")
	}
	var question struct {
		Before json.RawMessage `json:"before"`
		After  json.RawMessage `json:"after"`
	}
	if err := json.Unmarshal(item, &question); err != nil {
		return nil, failure.New(failure.BadRequest, "compare: "+err.Error(), "")
	}
	before, err := decode(question.Before)
	if err != nil {
		return nil, failure.New(failure.BadRequest, "compare: before: "+err.Error(), "")
	}
	after, err := decode(question.After)
	if err != nil {
		return nil, failure.New(failure.BadRequest, "compare: after: "+err.Error(), "")
	}
	if before == nil && after == nil {
		return nil, failure.New(failure.BadRequest, "compare: the item has neither before nor after", "")
	}
	return objects(*known, before, after), nil
}

// decode reads a manifest; numbers stay as they are written. Nil stands for none.
func decode(raw json.RawMessage) (map[string]any, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var manifest map[string]any
	err := decoder.Decode(&manifest)
	return manifest, err
}

func objects(known definitions, before, after map[string]any) Answer {
	shape, schema := shapeOf(known, after, before)
	w := &walk{changes: []Change{}}
	switch {
	case before == nil:
		w.add("", after)
	case after == nil:
		w.remove("", before)
	default:
		w.maps("", before, after, shape)
	}
	return Answer{w.changes, schema}
}

// shapeOf takes the schema of the first state that has one: that of the newer version, as a rule.
func shapeOf(known definitions, states ...map[string]any) (shape, string) {
	for _, state := range states {
		version, _ := state["apiVersion"].(string)
		kind, _ := state["kind"].(string)
		if found := known.shape(version, kind); found != nil {
			return found, "definition"
		}
		if found := builtIn(version, kind); found != nil {
			return found, "built-in"
		}
	}
	return guess{}, "none"
}

var last kept.Last[definitions]

func decodeDefinitions(raw json.RawMessage) (*definitions, error) {
	var parameters struct {
		Definitions []definition `json:"definitions"`
	}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &parameters); err != nil {
			return nil, err
		}
	}
	found := index(parameters.Definitions)
	return &found, nil
}
