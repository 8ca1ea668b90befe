package version

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestTheBuildIDIsFoundInAnExecutable(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command("go", "tool", "buildid", self).Output()
	if err != nil {
		t.Skip("go is not there to ask")
	}
	file, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	head := make([]byte, 64<<10)
	if _, err := io.ReadFull(file, head); err != nil {
		t.Fatal(err)
	}
	if expected, actual := strings.TrimSpace(string(said)), string(buildID(head)); expected != actual {
		t.Errorf("expected %q, actual %q", expected, actual)
	}
}

func TestWhatIsNoBuildIDIsNotTaken(t *testing.T) {
	for _, head := range []string{
		"", "\xff Go build ID: \"a/b\"", "\x04\x00\x00\x00Go\x00\x00a/b/c\x00", "\xff Go build ID: \"a/b/c/d",
	} {
		if id := buildID([]byte(head)); id != nil {
			t.Errorf("%q: actual %q", head, id)
		}
	}
}
