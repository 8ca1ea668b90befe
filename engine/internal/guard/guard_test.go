package guard

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestAProcessUnderGuardHasNoEnvironmentNoProgramsAndNoNetwork(t *testing.T) {
	transport, environment := http.DefaultTransport, os.Environ()
	t.Cleanup(func() {
		http.DefaultTransport = transport
		for _, entry := range environment {
			name, value, _ := strings.Cut(entry, "=")
			os.Setenv(name, value)
		}
	})
	Process()
	if actual := os.Environ(); len(actual) != 0 {
		t.Errorf("actual %v", actual)
	}
	if path, err := exec.LookPath("git"); err == nil {
		t.Errorf("git is %s", path)
	}
	response, err := http.Get("http://127.0.0.1:9/")
	if err == nil {
		response.Body.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "the engine has no network") {
		t.Errorf("actual %v", err)
	}
}
