// Package guard takes from the process what a render must not have: the environment, other programs, the network.
package guard

import (
	"errors"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

// Memory is the soft limit in bytes under which garbage is collected rarely.
const Memory = 320 << 20

type offline struct{}

func (offline) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("the engine has no network")
}

// Process clears the whole environment, so that nothing in it can get into a render (older kustomize releases read it
// for lines without `=` in a generator's `envs` file), and so that no program, git above all, can be started by its
// name: there is no PATH. HTTP is refused as well. These are belts: package tree refuses every such input before.
func Process() {
	os.Clearenv()
	http.DefaultTransport = offline{}
}

// Tune collects garbage more rarely than Go's default, for speed, and uses one processor: to use more, the caller
// starts more engines. GOGC, GOMEMLIMIT and GOMAXPROCS in the caller's environment win. Call it before Process.
func Tune() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(Memory)
	}
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
}

// WatchParent calls exit when the parent is gone. End of input tells the same, unless some other process holds the
// pipe open. Linux's PR_SET_PDEATHSIG is not used: it fires when the parent's *thread* ends, and a caller may well
// start the engine from a worker thread.
func WatchParent(exit func()) {
	parent := os.Getppid()
	go func() {
		for range time.Tick(500 * time.Millisecond) {
			if os.Getppid() != parent {
				exit()
			}
		}
	}()
}

// Silence drops what libraries print: nothing but answers may reach standard output, and nobody has to read
// standard error. The Go runtime's own last words still do.
func Silence() (answers *os.File, err error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	answers = os.Stdout
	os.Stdout, os.Stderr = null, null
	return answers, nil
}
