package testtree

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Git runs the git program in a folder, with no configuration but the repository's, and returns what it prints.
func Git(t testing.TB, dir string, arguments ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "protocol.file.allow=always"}, arguments...)...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE=2026-01-01T00:00:00Z",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE=2026-01-01T00:00:00Z",
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// Commit makes a repository of a folder, or a further commit in it, and returns the commit's id.
func Commit(t testing.TB, dir string) string {
	t.Helper()
	if _, err := os.Stat(dir + "/.git"); err != nil {
		Git(t, dir, "init", "-q", "-b", "main")
	}
	Git(t, dir, "add", "-A", "-f")
	Git(t, dir, "commit", "-q", "--allow-empty", "-m", "state")
	return Git(t, dir, "rev-parse", "HEAD")
}
