package trace

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"sealock.dev/engine/internal/testtree"
)

func open(t *testing.T, root string) *FS {
	t.Helper()
	f, err := New(root)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

func kinds(f *FS) map[string]string {
	found := map[string]string{}
	for _, entry := range f.Entries() {
		found[entry.Path] = entry.Kind
	}
	return found
}

func TestAReadIsRecordedWithItsContentHashAndStat(t *testing.T) {
	root := testtree.Write(t, map[string]string{"a/b": "text"})
	f := open(t, root)
	if content, err := f.ReadFile(root + "/a/b"); err != nil || string(content) != "text" {
		t.Fatal(content, err)
	}
	sum := sha256.Sum256([]byte("text"))
	info, _ := os.Stat(root + "/a/b")
	stat := info.Sys().(*syscall.Stat_t)
	expected := Entry{
		Path: "a/b", Kind: File, Digest: hex.EncodeToString(sum[:]), Inode: stat.Ino, SizeBytes: 4,
		MtimeNS: info.ModTime().UnixNano(), CtimeNS: changeTime(stat),
	}
	if actual := f.Entries(); len(actual) != 1 || actual[0] != expected {
		t.Errorf("expected %+v\nactual %+v", expected, actual)
	}
}

func TestAFailedProbeIsRecordedAtItsFirstMissingPart(t *testing.T) {
	root := testtree.Write(t, map[string]string{"a/b": ""})
	f := open(t, root)
	if f.Exists(root+"/a/none/deeper") || f.IsDir(root+"/gone") {
		t.Error("found what is not there")
	}
	if actual := kinds(f); actual["a/none"] != Absent || actual["gone"] != Absent || len(actual) != 2 {
		t.Errorf("actual %v", actual)
	}
}

func TestALinkIsFollowedAndRecorded(t *testing.T) {
	root := testtree.Write(t, map[string]string{"real/file": "x", "other/keep": ""})
	link(t, "../real", root+"/other/dir")
	link(t, "dir/../file", root+"/other/odd") // the kernel goes to real/.. from dir, not to other
	f := open(t, root)
	if _, err := f.ReadFile(root + "/other/dir/file"); err != nil {
		t.Error(err)
	}
	dir, name, err := f.CleanedAbs(root + "/other/dir/file")
	if err != nil || string(dir) != root+"/real" || name != "file" {
		t.Error(dir, name, err)
	}
	if _, err := f.ReadFile(root + "/other/odd"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	expected := Entry{Path: "other/dir", Kind: Symlink, Digest: digestOf([]byte("../real"))}
	for _, entry := range f.Entries() {
		if entry.Path == expected.Path && (entry.Kind != expected.Kind || entry.Digest != expected.Digest) {
			t.Errorf("actual %+v", entry)
		}
	}
	if actual := kinds(f); actual["other/dir"] != Symlink || actual["real/file"] != File || actual["file"] != Absent {
		t.Errorf("actual %v", actual)
	}
}

func TestNothingOutsideIsEverTouched(t *testing.T) {
	top := testtree.Write(t, map[string]string{"repo/a": "", "secret": "s", "repo/.git/config": "c", "repository/x": "x"})
	root := top + "/repo"
	link(t, "../secret", root+"/relative")
	link(t, top+"/secret", root+"/absolute")
	link(t, "..", root+"/up")
	link(t, ".git", root+"/history")
	for _, path := range []string{
		top + "/secret", root + "/../secret", root + "/relative", root + "/absolute", root + "/up/secret", "/",
		root + "/.git/config", root + "/history/config", root + "/.GIT/config", top + "/repository/x",
	} {
		f := open(t, root)
		var outside *OutsideError
		if _, err := f.ReadFile(path); !errors.As(err, &outside) || f.Outside == nil {
			t.Errorf("%s: actual %v", path, err)
		}
		if f.Exists(path) || f.IsDir(path) {
			t.Errorf("%s is seen", path)
		}
	}
}

func TestALinkThatPassesThroughAFolderAboveAndComesBackIsFollowed(t *testing.T) {
	root := testtree.Write(t, map[string]string{"repo/real": "x"}) + "/repo"
	link(t, "../repo/real", root+"/relative")
	link(t, root+"/real", root+"/absolute")
	f := open(t, root)
	for _, name := range []string{"relative", "absolute"} {
		if content, err := f.ReadFile(filepath.Join(root, name)); err != nil || string(content) != "x" {
			t.Errorf("%s: %q %v", name, content, err)
		}
	}
}

func TestLinksInACircleAreAnError(t *testing.T) {
	root := testtree.Write(t, map[string]string{"x": ""})
	link(t, "b", root+"/a")
	link(t, "a", root+"/b")
	if _, err := open(t, root).ReadFile(root + "/a"); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("actual %v", err)
	}
}

func TestAPipeIsAnErrorAndNotAWait(t *testing.T) {
	root := testtree.Write(t, map[string]string{"x": ""})
	if err := syscall.Mkfifo(root+"/pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, root).ReadFile(root + "/pipe"); err == nil {
		t.Error("a pipe was read")
	}
}

func TestARenderSeesOneStateOfEachFile(t *testing.T) {
	root := testtree.Write(t, map[string]string{"a": "before"})
	f := open(t, root)
	if _, err := f.ReadFile(root + "/a"); err != nil {
		t.Fatal(err)
	}
	testtree.Put(t, root, "a", "after")
	if content, _ := f.ReadFile(root + "/a"); string(content) != "before" {
		t.Errorf("actual %q", content)
	}
}

func TestAListingIsRecordedByItsNames(t *testing.T) {
	root := testtree.Write(t, map[string]string{"d/b": "", "d/a": ""})
	f := open(t, root)
	if _, err := f.ReadDir(root + "/d"); err != nil {
		t.Fatal(err)
	}
	if actual := f.Entries()[0]; actual.Kind != Directory || actual.Digest != digestOf([]byte("a\nb\n")) {
		t.Errorf("actual %+v", actual)
	}
}

func TestNothingIsWritten(t *testing.T) {
	root := testtree.Write(t, map[string]string{"a": ""})
	f := open(t, root)
	_, created := f.Create(root + "/b")
	for _, err := range []error{created, f.Mkdir(root + "/b"), f.MkdirAll(root + "/b"), f.WriteFile(root+"/b", nil), f.RemoveAll(root + "/a")} {
		if !errors.Is(err, errReadOnly) {
			t.Errorf("actual %v", err)
		}
	}
}
