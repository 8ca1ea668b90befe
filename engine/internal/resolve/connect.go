package resolve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"sealock.dev/engine/internal/failure"
)

const (
	defaultTimeout = 20 * time.Second
	most           = 8 << 20 // bytes of one answer of a registry: manifests, signatures, bundles
	tries          = 3
	agent          = "sealock"
)

// Connection asks one registry within one deadline, with the credentials that Docker is configured with.
type Connection struct {
	Context context.Context
	Puller  *remote.Puller
	options []remote.Option
}

// Options are those of go-containerregistry's remote functions.
func (c *Connection) Options() []remote.Option {
	return append([]remote.Option{remote.Reuse(c.Puller)}, c.options...)
}

type parameters struct {
	Environment map[string]string `json:"environment"`
	TimeoutMS   int64             `json:"timeout_ms"`
}

// Ask runs question with a connection and returns its answer, or the failure `unreachable` at the deadline of params:
// a credential helper that hangs cannot be interrupted, so it is left behind.
func Ask[T any](params json.RawMessage, question func(*Connection) (T, error)) (any, error) {
	var p parameters
	if len(params) > 0 {
		if err := json.Unmarshal(params, &p); err != nil {
			return nil, failure.New(failure.BadRequest, "params: "+err.Error(), "")
		}
	}
	for name, value := range p.Environment {
		if err := os.Setenv(name, value); err != nil {
			return nil, failure.New(failure.BadRequest, "params: environment: "+err.Error(), "")
		}
	}
	timeout := defaultTimeout
	if p.TimeoutMS > 0 {
		timeout = time.Duration(p.TimeoutMS) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	type outcome struct {
		answer T
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		defer cancel()
		// Else a fault of a library would end the engine, and with it the other questions.
		defer func() {
			if fault := recover(); fault != nil {
				done <- outcome{err: failure.New(failure.Internal, fmt.Sprint(fault), "")}
			}
		}()
		connection, err := connect(ctx)
		if err != nil {
			done <- outcome{err: err}
			return
		}
		answer, err := question(connection)
		done <- outcome{answer, err}
	}()
	select {
	case found := <-done:
		if found.err != nil {
			return nil, Explain(found.err)
		}
		return found.answer, nil
	case <-ctx.Done():
		select { // both may be ready
		case found := <-done:
			if found.err == nil {
				return found.answer, nil
			}
		default:
		}
		return nil, failure.New(failure.Unreachable, fmt.Sprintf("no answer in %s", timeout), "")
	}
}

func connect(ctx context.Context) (*Connection, error) {
	options := []remote.Option{
		remote.WithContext(ctx),
		remote.WithAuthFromKeychain(authn.DefaultKeychain),
		remote.WithTransport(guarded{remote.DefaultTransport}),
		remote.WithRetryBackoff(remote.Backoff{Duration: 200 * time.Millisecond, Factor: 3, Jitter: 0.1, Steps: tries}),
		remote.WithUserAgent(agent),
	}
	puller, err := remote.NewPuller(options...)
	if err != nil {
		return nil, err
	}
	return &Connection{ctx, puller, options}, nil
}

// guarded lets nothing go over plain HTTP but to this machine, and no answer be larger than anything we ask for.
// (go-containerregistry itself also falls back to plain HTTP for private addresses and `.local`.)
type guarded struct{ inner http.RoundTripper }

func (g guarded) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme != "https" && !loopback(request.URL.Hostname()) {
		return nil, fmt.Errorf("%s would have to be asked over plain HTTP", request.URL.Host)
	}
	response, err := g.inner.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if response.ContentLength > most && request.Method != http.MethodHead {
		response.Body.Close()
		return nil, fmt.Errorf("the answer has %d bytes, more than %d", response.ContentLength, most)
	}
	response.Body = http.MaxBytesReader(nil, response.Body, most)
	return response, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address := net.ParseIP(host)
	return address != nil && address.IsLoopback()
}

// Missing says whether the registry was asked for a manifest or blob and does not have it.
func Missing(err error) bool {
	var refused *transport.Error
	if !errors.As(err, &refused) || refused.StatusCode != http.StatusNotFound || refused.Request == nil {
		return false
	}
	// A server that does not know /v2/ is no registry.
	path := refused.Request.URL.Path
	return strings.Contains(path, "/manifests/") || strings.Contains(path, "/blobs/")
}

// Explain makes a failure of the protocol of an error.
func Explain(err error) *failure.Error {
	var known *failure.Error
	if errors.As(err, &known) {
		return known
	}
	var bad *name.ErrBadName
	if errors.As(err, &bad) {
		return failure.New(failure.InvalidImage, bad.Error(), "")
	}
	var refused *transport.Error
	if !errors.As(err, &refused) {
		if errors.Is(err, context.DeadlineExceeded) {
			return failure.New(failure.Unreachable, "no answer in time", "")
		}
		return failure.New(failure.Unreachable, cut(err.Error()), "")
	}
	words := said(refused)
	switch {
	case refused.StatusCode == http.StatusUnauthorized || refused.StatusCode == http.StatusForbidden:
		return failure.New(failure.Unauthorized, words, "")
	case Missing(err):
		return failure.New(failure.NotFound, words, "")
	}
	return failure.New(failure.Unreachable, words, "")
}

// said returns the registry's own words, without the URL: it may hold a token.
func said(refused *transport.Error) string {
	words := fmt.Sprintf("%d %s", refused.StatusCode, http.StatusText(refused.StatusCode))
	for _, each := range refused.Errors {
		words += fmt.Sprintf("; %s: %s", each.Code, each.Message)
	}
	return cut(words)
}

func cut(text string) string {
	const longest = 300
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + "…"
}

// Read returns a blob of at most `limit` bytes; its digest was verified.
func (c *Connection) Read(blob name.Digest, limit int64) ([]byte, error) {
	layer, err := c.Puller.Layer(c.Context, blob)
	if err != nil {
		return nil, err
	}
	content, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	defer content.Close()
	found, err := io.ReadAll(io.LimitReader(content, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(found)) > limit {
		return nil, fmt.Errorf("a blob has more than %d bytes", limit)
	}
	return found, nil
}
