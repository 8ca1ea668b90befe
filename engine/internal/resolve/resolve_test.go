package resolve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"sealock.dev/engine/internal/failure"
)

func serving(t *testing.T, wrap func(http.Handler) http.Handler) string {
	t.Helper()
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	if wrap != nil {
		handler = wrap(handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func pushIndex(t *testing.T, reference string) v1.ImageIndex {
	t.Helper()
	index := v1.ImageIndex(empty.Index)
	for _, platform := range []v1.Platform{
		{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64", Variant: "v8"},
		{OS: "unknown", Architecture: "unknown"},
	} {
		addendum := mutate.IndexAddendum{Add: empty.Image, Descriptor: v1.Descriptor{Platform: &platform}}
		index = mutate.AppendManifests(index, addendum)
	}
	tag, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tag, index); err != nil {
		t.Fatal(err)
	}
	return index
}

func run(image string, params map[string]any) (Answer, *failure.Error) {
	item, _ := json.Marshal(map[string]string{"image": image})
	raw, _ := json.Marshal(params)
	answer, err := Run(raw, item)
	if err != nil {
		var known *failure.Error
		if !errors.As(err, &known) {
			panic(err)
		}
		return Answer{}, known
	}
	return answer.(Answer), nil
}

func expectCode(t *testing.T, expected string, err *failure.Error) {
	t.Helper()
	if err == nil || err.Code != expected {
		t.Errorf("expected %s, actual %v", expected, err)
	}
}

func TestATagOfAnIndexIsTheIndexWithItsPlatforms(t *testing.T) {
	host := serving(t, nil)
	digest, _ := pushIndex(t, host+"/acme/api:1.4").Digest()
	answer, err := run(host+"/acme/api:1.4", nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Digest != digest.String() {
		t.Errorf("expected %s, actual %s", digest, answer.Digest)
	}
	if expected := []string{"linux/amd64", "linux/arm64/v8"}; !slices.Equal(expected, answer.Platforms) {
		t.Errorf("actual %v", answer.Platforms)
	}
	if answer.MediaType != "application/vnd.oci.image.index.v1+json" {
		t.Errorf("actual %s", answer.MediaType)
	}
}

func TestADigestIsFoundUnderItself(t *testing.T) {
	host := serving(t, nil)
	tag, _ := name.ParseReference(host + "/acme/api:1.4")
	if err := remote.Write(tag, empty.Image); err != nil {
		t.Fatal(err)
	}
	digest, _ := empty.Image.Digest()
	answer, err := run(fmt.Sprintf("%s/acme/api:1.3@%s", host, digest), nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Digest != digest.String() || len(answer.Platforms) != 0 {
		t.Errorf("actual %v", answer)
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	host := serving(t, nil)
	pushIndex(t, host+"/acme/api:1.4")
	_, err := run(host+"/acme/api:1.5", nil)
	expectCode(t, failure.NotFound, err)
	_, err = run(host+"/acme/api@sha256:"+strings.Repeat("0", 64), nil)
	expectCode(t, failure.NotFound, err)
}

func TestAServerThatIsNoRegistryIsUnreachable(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	_, err := run(strings.TrimPrefix(server.URL, "http://")+"/acme/api:1.5", nil)
	expectCode(t, failure.Unreachable, err)
}

func TestAnImageWithoutTagOrDigestIsInvalid(t *testing.T) {
	for _, image := range []string{
		"", "api", "127.0.0.1:1/acme/api", "127.0.0.1:1/acme/API:1", "127.0.0.1:1/api@sha256:12", "--help", "a b:1",
	} {
		_, err := run(image, nil)
		expectCode(t, failure.InvalidImage, err)
	}
}

func TestAClosedPortIsUnreachable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	_, failed := run(listener.Addr().String()+"/acme/api:1", nil)
	expectCode(t, failure.Unreachable, failed)
}

func TestARegistryThatDoesNotAnswerIsUnreachableAtTheDeadline(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	began := time.Now()
	_, err := run(strings.TrimPrefix(server.URL, "http://")+"/acme/api:1", map[string]any{"timeout_ms": 200})
	expectCode(t, failure.Unreachable, err)
	if spent := time.Since(began); spent > 5*time.Second {
		t.Errorf("it took %s", spent)
	}
}

func TestPlainHTTPIsForThisMachineAlone(t *testing.T) {
	for url, allowed := range map[string]bool{
		"http://127.0.0.1:5000/v2/": true, "http://[::1]:5000/v2/": true, "http://localhost:5000/v2/": true,
		"https://registry.example/v2/": true,
		"http://10.0.0.1/v2/":          false, "http://registry.local/v2/": false, "http://127.0.0.1.example/v2/": false,
	} {
		asked := false
		inner := tripper(func() (*http.Response, error) { asked = true; return nil, errors.New("nobody is there") })
		request, _ := http.NewRequest(http.MethodGet, url, nil)
		if response, err := (guarded{inner}).RoundTrip(request); err == nil {
			response.Body.Close()
		}
		if asked != allowed {
			t.Errorf("%s: expected %t, actual %t", url, allowed, asked)
		}
	}
}

type tripper func() (*http.Response, error)

func (t tripper) RoundTrip(*http.Request) (*http.Response, error) { return t() }

func TestAnAnswerThatIsTooLargeIsNotRead(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/manifests/") {
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
			for range 20 {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}
	}))
	t.Cleanup(server.Close)
	_, err := run(strings.TrimPrefix(server.URL, "http://")+"/acme/api:1", nil)
	expectCode(t, failure.Unreachable, err)
}

func protected(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "robot" || password != "seven" {
			w.Header().Set("WWW-Authenticate", `Basic realm="here"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

func TestWithoutCredentialsARegistryMaySayUnauthorized(t *testing.T) {
	home := t.TempDir()
	params := map[string]any{"environment": map[string]string{"HOME": home, "DOCKER_CONFIG": home}}
	t.Setenv("HOME", home)
	t.Setenv("DOCKER_CONFIG", home)
	_, err := run(serving(t, protected)+"/acme/api:1", params)
	expectCode(t, failure.Unauthorized, err)
}

func TestACredentialHelperIsAsked(t *testing.T) {
	home := t.TempDir()
	helper := "#!/bin/sh\necho '{\"ServerURL\": \"x\", \"Username\": \"robot\", \"Secret\": \"seven\"}'\n"
	write(t, filepath.Join(home, "docker-credential-testing"), helper)
	write(t, filepath.Join(home, "config.json"), `{"credsStore": "testing"}`)
	path := home + ":" + os.Getenv("PATH")
	for _, name := range []string{"HOME", "DOCKER_CONFIG", "PATH"} {
		t.Setenv(name, os.Getenv(name)) // Run sets them: they are put back afterwards
	}
	params := map[string]any{"environment": map[string]string{"HOME": home, "DOCKER_CONFIG": home, "PATH": path}}
	_, err := run(serving(t, protected)+"/acme/api:1", params)
	expectCode(t, failure.NotFound, err)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}
