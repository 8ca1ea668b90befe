// Package helm runs the helm program for kustomize with no network and no environment.
//
// kustomize starts a command by path, so the engine gives it a link to itself; under that name the engine is a
// wrapper that starts the real program. The link's folder holds a second link to that program.
package helm

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

const (
	wrapperName = "sealock-helm"
	programName = "program"
)

// Wrap makes a folder with the wrapper for an absolute program path; remove it when done.
func Wrap(program string) (command string, remove func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp("", "sealock-helm-")
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	command = filepath.Join(dir, wrapperName)
	if err = errors.Join(os.Symlink(self, command), os.Symlink(program, filepath.Join(dir, programName))); err != nil {
		remove()
		return "", nil, err
	}
	return command, remove, nil
}

// IsWrapper says whether this process was started as the wrapper.
func IsWrapper() bool { return filepath.Base(os.Args[0]) == wrapperName }

// Main is the wrapper: it runs the real program and returns its exit status. The program dies with its parent.
func Main() int {
	program := filepath.Join(filepath.Dir(os.Args[0]), programName)
	runtime.LockOSThread() // a parent-death signal is tied to the thread that starts the child
	cmd, err := start(program, os.Args[1:])
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		return 127
	}
	parent := os.Getppid()
	go func() {
		for range time.Tick(200 * time.Millisecond) {
			if os.Getppid() != parent {
				_ = cmd.Process.Kill()
				os.Exit(1)
			}
		}
	}()
	if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() <= 0 {
		return 1
	}
	return cmd.ProcessState.ExitCode()
}

// start tries without any network interface first, which needs user namespaces; else proxies that answer nothing
// are what keeps helm offline.
func start(program string, args []string) (*exec.Cmd, error) {
	cmd := command(program, args)
	isolate(cmd)
	if err := cmd.Start(); err == nil {
		return cmd, nil
	}
	cmd = command(program, args)
	return cmd, cmd.Start()
}

func command(program string, args []string) *exec.Cmd {
	const nowhere = "http://127.0.0.1:9"
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "PATH=", "HTTP_PROXY="+nowhere, "HTTPS_PROXY="+nowhere, "ALL_PROXY="+nowhere, "NO_PROXY=")
	return cmd
}
