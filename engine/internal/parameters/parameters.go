// Package parameters keeps what the params of a request decode to, for all items of a request have the same.
package parameters

import (
	"bytes"
	"encoding/json"
	"sync"
)

// Last is the last value; its zero value has none yet.
type Last[T any] struct {
	lock  sync.Mutex
	raw   []byte
	value *T
}

// Of returns what raw decodes to: the last value where raw is the same as then, else what decode makes of it.
func (l *Last[T]) Of(raw json.RawMessage, decode func(json.RawMessage) (*T, error)) (*T, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.value != nil && bytes.Equal(l.raw, raw) {
		return l.value, nil
	}
	value, err := decode(raw)
	if err != nil {
		return nil, err
	}
	l.raw, l.value = bytes.Clone(raw), value
	return value, nil
}
