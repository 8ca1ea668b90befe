// Package failure is the one error type that crosses the protocol.
package failure

import "encoding/json"

// Codes of the protocol (docs/reference/engine-protocol.md).
const (
	BuildFailed       = "build-failed"
	NotFound          = "not-found"
	RemoteBase        = "remote-base"
	ExecPlugin        = "exec-plugin"
	OutsideRepository = "outside-repository"
	HelmDisabled      = "helm-disabled"
	HelmFailed        = "helm-failed"
	GitFailed         = "git-failed"
	DeadlineExceeded  = "deadline-exceeded"
	Jsonnet           = "jsonnet"
	Cancelled         = "cancelled"
	InvalidImage      = "invalid-image"
	InvalidKey        = "invalid-key"
	Unauthorized      = "unauthorized"
	Unreachable       = "unreachable"
	BadRequest        = "bad-request"
	Internal          = "internal"
)

// Error is why an item has no answer: what happened, where, and what to do next.
// File is relative to the repository with `/`; Line and Column count from 1, 0 when unknown.
type Error struct {
	Code    string          `json:"code"`
	Message string          `json:"message"`
	File    string          `json:"file,omitempty"`
	Line    int             `json:"line,omitempty"`
	Column  int             `json:"column,omitempty"`
	Hint    string          `json:"hint,omitempty"`
	Trace   json.RawMessage `json:"trace,omitempty"`
}

// Error returns the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// New returns an error without a place.
func New(code, message, hint string) *Error {
	return &Error{Code: code, Message: message, Hint: hint}
}
