package parameters

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestEqualParamsAreDecodedOnce(t *testing.T) {
	var last Last[string]
	times := 0
	decode := func(raw json.RawMessage) (*string, error) {
		times++
		text := string(raw)
		return &text, nil
	}
	raw := json.RawMessage(`{"a":1}`)
	for range 2 {
		if got, err := last.Of(raw, decode); err != nil || *got != `{"a":1}` {
			t.Fatalf("%v %v", got, err)
		}
	}
	// The caller may use its bytes again.
	copy(raw, `{"a":2}`)
	if got, _ := last.Of(raw, decode); *got != `{"a":2}` {
		t.Errorf("expected the new value, actual %s", *got)
	}
	if times != 2 {
		t.Errorf("expected 2 decodings, actual %d", times)
	}
}

func TestAFailureIsNotKept(t *testing.T) {
	var last Last[string]
	if _, err := last.Of(nil, func(json.RawMessage) (*string, error) { return nil, errors.New("no") }); err == nil {
		t.Fatal("expected an error")
	}
	text := "yes"
	if got, err := last.Of(nil, func(json.RawMessage) (*string, error) { return &text, nil }); err != nil || *got != "yes" {
		t.Errorf("%v %v", got, err)
	}
}
