// Package serve answers newline-delimited JSON requests, one item at a time, in order.
package serve

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"sealock.dev/engine/internal/failure"
)

// Handler answers one item of one operation; params hold for every item of the request.
type Handler func(params, item json.RawMessage) (any, error)

// Exit status after an overrun deadline, when a broken pipe ends the engine, and at end of input.
const (
	ExitEndOfInput = 0
	ExitBrokenPipe = 3
	ExitDeadline   = 4
)

type request struct {
	ID         json.Number       `json:"id"`
	Op         string            `json:"op"`
	DeadlineMS int64             `json:"deadline_ms"`
	Params     json.RawMessage   `json:"params"`
	Items      []json.RawMessage `json:"items"`
}

type answer struct {
	ID    json.Number     `json:"id"`
	Item  *int            `json:"item,omitempty"`
	OK    json.RawMessage `json:"ok,omitempty"`
	Error *failure.Error  `json:"error,omitempty"`
	Done  bool            `json:"done,omitempty"`
}

type server struct {
	handlers map[string]Handler
	out      io.Writer
	exit     func(int)

	lock      sync.Mutex
	wake      *sync.Cond
	queue     []request
	pending   map[json.Number]bool
	cancelled map[json.Number]bool
}

// Run serves until end of input or an overrun deadline, then calls exit, which must not return.
// Reading goes on while an item is worked on, so that cancellation and end of input are seen at once.
func Run(in io.Reader, out io.Writer, handlers map[string]Handler, exit func(int)) {
	s := &server{
		handlers: handlers, out: out, exit: exit,
		pending: map[json.Number]bool{}, cancelled: map[json.Number]bool{},
	}
	s.wake = sync.NewCond(&s.lock)
	go s.read(in)
	for {
		s.handle(s.next())
	}
}

func (s *server) read(in io.Reader) {
	reader := bufio.NewReaderSize(in, 64<<10)
	for {
		line, err := reader.ReadBytes('\n')
		if err != nil {
			s.exit(ExitEndOfInput)
			return
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			s.accept(line)
		}
	}
}

func (s *server) accept(line []byte) {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		r = request{ID: json.Number(idOf(line)), Op: "", Params: nil}
		s.push(r, "the request is not valid: "+err.Error())
		return
	}
	if r.Op == "cancel" {
		s.lock.Lock()
		if s.pending[r.ID] {
			s.cancelled[r.ID] = true
		}
		s.lock.Unlock()
		return
	}
	problem := ""
	switch {
	case r.ID == "":
		problem = "the request has no id"
	case s.handlers[r.Op] == nil:
		problem = fmt.Sprintf("unknown operation %q", r.Op)
	case r.DeadlineMS < 0:
		problem = "deadline_ms is negative"
	}
	s.push(r, problem)
}

// idOf finds the id of a request that does not decode as a whole; 0 when there is none.
func idOf(line []byte) string {
	var only struct {
		ID json.Number `json:"id"`
	}
	if json.Unmarshal(line, &only) != nil || only.ID == "" {
		return "0"
	}
	return only.ID.String()
}

// push queues a request; one with a problem keeps its place in the order of answers.
func (s *server) push(r request, problem string) {
	if r.ID == "" {
		r.ID = "0"
	}
	if problem != "" {
		r.Op, r.Items = "", []json.RawMessage{json.RawMessage(problem)}
	}
	s.lock.Lock()
	s.pending[r.ID] = true
	s.queue = append(s.queue, r)
	s.lock.Unlock()
	s.wake.Signal()
}

func (s *server) next() request {
	s.lock.Lock()
	defer s.lock.Unlock()
	for len(s.queue) == 0 {
		s.wake.Wait()
	}
	r := s.queue[0]
	s.queue = s.queue[1:]
	return r
}

func (s *server) handle(r request) {
	defer s.forget(r.ID)
	if r.Op == "" {
		s.send(answer{ID: r.ID, Error: failure.New(failure.BadRequest, string(r.Items[0]), ""), Done: true})
		return
	}
	for i, item := range r.Items {
		if s.isCancelled(r.ID) {
			s.send(answer{ID: r.ID, Item: &i, Error: failure.New(failure.Cancelled, "cancelled before it began", "")})
			continue
		}
		s.send(s.answer(r, i, item))
	}
	s.send(answer{ID: r.ID, Done: true})
}

func (s *server) isCancelled(id json.Number) bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.cancelled[id]
}

func (s *server) forget(id json.Number) {
	s.lock.Lock()
	defer s.lock.Unlock()
	delete(s.pending, id)
	delete(s.cancelled, id)
}

// answer works on one item in a goroutine of its own, so that a deadline can end the engine.
func (s *server) answer(r request, i int, item json.RawMessage) answer {
	if r.DeadlineMS == 0 {
		return work(s.handlers[r.Op], r, i, item)
	}
	done := make(chan answer, 1)
	go func() { done <- work(s.handlers[r.Op], r, i, item) }()
	limit := time.Duration(r.DeadlineMS) * time.Millisecond
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case a := <-done:
		return a
	case <-timer.C:
		s.send(answer{ID: r.ID, Item: &i, Error: failure.New(
			failure.DeadlineExceeded, fmt.Sprintf("no answer within %s", limit),
			"raise the deadline, or look for a render that never ends")})
		s.exit(ExitDeadline)
		select {} // the exit is under way
	}
}

func work(handler Handler, r request, i int, item json.RawMessage) (a answer) {
	a = answer{ID: r.ID, Item: &i}
	defer func() {
		if cause := recover(); cause != nil {
			line, _, _ := strings.Cut(fmt.Sprint(cause), "\n")
			a = answer{ID: r.ID, Item: &i, Error: failure.New(
				failure.Internal, "the engine failed on this item: "+line+panicPlace(debug.Stack()),
				"report this as a bug of Sealock, with the files of this overlay")}
		}
	}()
	value, err := handler(r.Params, item)
	if err == nil {
		a.OK, err = encode(value)
	}
	if err != nil {
		a.OK, a.Error = nil, asFailure(err)
	}
	return a
}

// panicPlace names the function that panicked: the frame after runtime's own.
func panicPlace(stack []byte) string {
	_, after, found := strings.Cut(string(stack), "panic(")
	lines := strings.Split(after, "\n")
	if !found || len(lines) < 3 {
		return ""
	}
	name := lines[2]
	if cut := strings.LastIndex(name, "("); cut > 0 {
		name = name[:cut]
	}
	return " (in " + name + ")"
}

func encode(value any) (json.RawMessage, error) {
	if raw, ok := value.(json.RawMessage); ok {
		return raw, nil
	}
	return json.Marshal(value)
}

func asFailure(err error) *failure.Error {
	var f *failure.Error
	if errors.As(err, &f) {
		return f
	}
	return failure.New(failure.Internal, err.Error(), "")
}

// send writes one line. The parts are joined by hand because json.Marshal would scan a large result again.
func (s *server) send(a answer) {
	ok := a.OK
	a.OK = nil
	line, err := json.Marshal(a)
	if err != nil {
		line, _ = json.Marshal(answer{ID: a.ID, Item: a.Item, Error: failure.New(failure.Internal, err.Error(), "")})
	} else if ok != nil {
		line = append(line[:len(line)-1], `,"ok":`...)
		line = append(append(line, ok...), '}')
	}
	if _, err := s.out.Write(append(line, '\n')); err != nil {
		s.exit(ExitBrokenPipe)
	}
}
