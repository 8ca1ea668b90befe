package serve

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"sealock.dev/engine/internal/failure"
)

// engine is a server on pipes, whose exit ends only the goroutine that calls it.
type engine struct {
	t       *testing.T
	in      *io.PipeWriter
	answers *bufio.Reader
	exited  chan int
}

func start(t *testing.T, handlers map[string]Handler) *engine {
	t.Helper()
	inRead, inWrite := io.Pipe()
	outRead, outWrite := io.Pipe()
	e := &engine{t: t, in: inWrite, answers: bufio.NewReader(outRead), exited: make(chan int, 2)}
	go Run(inRead, outWrite, handlers, func(status int) {
		e.exited <- status
		runtime.Goexit()
	})
	return e
}

func (e *engine) send(line string) {
	e.t.Helper()
	if _, err := io.WriteString(e.in, line+"\n"); err != nil {
		e.t.Fatal(err)
	}
}

func (e *engine) expect(expected string) {
	e.t.Helper()
	line, err := e.answers.ReadString('\n')
	if err != nil {
		e.t.Fatal(err)
	}
	if actual := strings.TrimSuffix(line, "\n"); expected != actual {
		e.t.Errorf("expected %s\nactual %s", expected, actual)
	}
}

func (e *engine) expectCode(code string) (message string) {
	e.t.Helper()
	line, err := e.answers.ReadBytes('\n')
	if err != nil {
		e.t.Fatal(err)
	}
	var a struct{ Error failure.Error }
	if err := json.Unmarshal(line, &a); err != nil || a.Error.Code != code {
		e.t.Fatalf("expected %s, actual %s", code, line)
	}
	return a.Error.Message
}

func echo(_, item json.RawMessage) (any, error) { return item, nil }

func TestItemsAreAnsweredInOrderAndThenTheRequestIsDone(t *testing.T) {
	e := start(t, map[string]Handler{"echo": echo})
	e.send(`{"id": 7, "op": "echo", "items": [1, {"a": "<"}]}`)
	e.expect(`{"id":7,"item":0,"ok":1}`)
	e.expect(`{"id":7,"item":1,"ok":{"a": "<"}}`)
	e.expect(`{"id":7,"done":true}`)
}

func TestParamsHoldForEveryItem(t *testing.T) {
	e := start(t, map[string]Handler{"params": func(p, _ json.RawMessage) (any, error) { return p, nil }})
	e.send(`{"id": 1, "op": "params", "params": {"a":1}, "items": [0, 0]}`)
	e.expect(`{"id":1,"item":0,"ok":{"a":1}}`)
	e.expect(`{"id":1,"item":1,"ok":{"a":1}}`)
}

func TestAPanicIsThatItemsErrorAndTheEngineLives(t *testing.T) {
	e := start(t, map[string]Handler{
		"echo":  echo,
		"panic": func(_, _ json.RawMessage) (any, error) { panic("first\nsecond") },
	})
	e.send(`{"id": 1, "op": "panic", "items": [0]}`)
	message := e.expectCode(failure.Internal)
	if !strings.Contains(message, "first") || strings.Contains(message, "second") || !strings.Contains(message, "serve.TestAPanic") {
		t.Errorf("actual %q", message)
	}
	e.expect(`{"id":1,"done":true}`)
	e.send(`{"id": 2, "op": "echo", "items": [0]}`)
	e.expect(`{"id":2,"item":0,"ok":0}`)
}

func TestAnErrorWithoutACodeIsInternal(t *testing.T) {
	e := start(t, map[string]Handler{"fail": func(_, _ json.RawMessage) (any, error) { return nil, errors.New("odd") }})
	e.send(`{"id": 1, "op": "fail", "items": [0]}`)
	e.expect(`{"id":1,"item":0,"error":{"code":"internal","message":"odd"}}`)
}

func TestAnOverrunDeadlineIsAnsweredAndEndsTheEngineWithStatus4(t *testing.T) {
	never := make(chan struct{})
	e := start(t, map[string]Handler{"hang": func(_, _ json.RawMessage) (any, error) { <-never; return nil, nil }})
	e.send(`{"id": 1, "op": "hang", "deadline_ms": 20, "items": [0, 1]}`)
	e.expectCode(failure.DeadlineExceeded)
	if status := <-e.exited; status != ExitDeadline {
		t.Errorf("expected %d, actual %d", ExitDeadline, status)
	}
}

func TestAnItemWithinItsDeadlineIsAnswered(t *testing.T) {
	e := start(t, map[string]Handler{"echo": echo})
	e.send(`{"id": 1, "op": "echo", "deadline_ms": 60000, "items": [5]}`)
	e.expect(`{"id":1,"item":0,"ok":5}`)
}

func TestCancelledItemsAreAnsweredAsSuch(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	e := start(t, map[string]Handler{
		"wait": func(_, item json.RawMessage) (any, error) {
			close(begun)
			<-finish
			return item, nil
		},
		"echo": echo,
	})
	e.send(`{"id": 3, "op": "wait", "items": [0, 1]}`)
	<-begun
	e.send(`{"op": "cancel", "id": 3}`)
	e.send(`{"id": 3.5, "op": "echo", "items": []}`) // read after the cancellation, so that has been seen
	close(finish)
	e.expect(`{"id":3,"item":0,"ok":0}`)
	e.expectCode(failure.Cancelled)
	e.expect(`{"id":3,"done":true}`)
	e.expect(`{"id":3.5,"done":true}`)
}

func TestACancellationOfNothingDoesNotReachALaterRequestOfThatNumber(t *testing.T) {
	e := start(t, map[string]Handler{"echo": echo})
	e.send(`{"op": "cancel", "id": 9}`)
	e.send(`{"id": 9, "op": "echo", "items": [0]}`)
	e.expect(`{"id":9,"item":0,"ok":0}`)
}

func TestEndOfInputEndsTheEngineInTheMiddleOfAnItem(t *testing.T) {
	begun, never := make(chan struct{}), make(chan struct{})
	e := start(t, map[string]Handler{"hang": func(_, _ json.RawMessage) (any, error) {
		close(begun)
		<-never
		return nil, nil
	}})
	e.send(`{"id": 1, "op": "hang", "items": [0]}`)
	<-begun
	e.in.Close()
	select {
	case status := <-e.exited:
		if status != ExitEndOfInput {
			t.Errorf("expected %d, actual %d", ExitEndOfInput, status)
		}
	case <-time.After(10 * time.Second):
		t.Error("the engine goes on")
	}
}

func TestMalformedRequestsAreRefusedAndTheNextIsServed(t *testing.T) {
	for _, line := range []string{`{`, `[]`, `{"id": 1}`, `{"id": 1, "op": "none", "items": []}`, `{"op": "echo"}`, `{"id": 1, "op": "echo", "deadline_ms": -1}`, `{"id": 1, "op": "echo", "items": 3}`} {
		e := start(t, map[string]Handler{"echo": echo})
		e.send(line)
		e.expectCode(failure.BadRequest)
		e.send(`{"id": 2, "op": "echo", "items": [0]}`)
		e.expect(`{"id":2,"item":0,"ok":0}`)
	}
}
