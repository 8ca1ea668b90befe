package gittree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sealock.dev/engine/internal/failure"
	"sealock.dev/engine/internal/testtree"
)

func mustOpen(t *testing.T, gitDir, id string) *Tree {
	t.Helper()
	tree, err := Open(gitDir, id, "/r")
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func read(t *testing.T, tree *Tree, path string) string {
	t.Helper()
	content, _, err := tree.ReadFile("/r/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func expectFailed(t *testing.T, err error, message string) {
	t.Helper()
	var f *failure.Error
	if !errors.As(err, &f) || f.Code != failure.GitFailed || !strings.Contains(f.Message, message) {
		t.Errorf("expected git-failed with %q, actual %v", message, err)
	}
}

func TestAnEarlierCommitIsReadWhateverTheDiskHas(t *testing.T) {
	root := testtree.Write(t, map[string]string{"a.txt": "one"})
	first := testtree.Commit(t, root)
	testtree.Put(t, root, "a.txt", "two")
	second := testtree.Commit(t, root)
	testtree.Put(t, root, "a.txt", "three")
	if one := read(t, mustOpen(t, root+"/.git", first), "a.txt"); one != "one" {
		t.Errorf("actual %q", one)
	}
	if two := read(t, mustOpen(t, root+"/.git", second), "a.txt"); two != "two" {
		t.Errorf("actual %q", two)
	}
}

func TestATreesIdServesAsWellAsACommits(t *testing.T) {
	root := testtree.Write(t, map[string]string{"deep/a.txt": "one"})
	testtree.Commit(t, root)
	below := testtree.Git(t, root, "rev-parse", "HEAD:deep")
	if actual := read(t, mustOpen(t, root+"/.git", below), "a.txt"); actual != "one" {
		t.Errorf("actual %q", actual)
	}
}

func TestTheEmptyTreeNeedsNoObject(t *testing.T) {
	root := testtree.Write(t, map[string]string{"a.txt": "one"})
	testtree.Commit(t, root)
	names, err := mustOpen(t, root+"/.git", emptyTree.String()).ReadDir("/r")
	if len(names) != 0 || err != nil {
		t.Errorf("actual %v, %v", names, err)
	}
}

func TestAWorktreeAndAlternatesLeadToTheObjects(t *testing.T) {
	origin := testtree.Write(t, map[string]string{"a.txt": "one"})
	first := testtree.Commit(t, origin)
	middle := testtree.Write(t, nil) + "/middle"
	testtree.Git(t, origin, "clone", "-q", "--shared", origin, middle)
	testtree.Put(t, middle, "a.txt", "two")
	second := testtree.Commit(t, middle)
	last := testtree.Write(t, nil) + "/last"
	testtree.Git(t, middle, "clone", "-q", "--shared", middle, last)
	worktree := testtree.Write(t, nil) + "/worktree"
	testtree.Git(t, last, "worktree", "add", "-q", worktree)
	gitDir := testtree.Git(t, worktree, "rev-parse", "--absolute-git-dir")
	for id, expected := range map[string]string{first: "one", second: "two"} {
		if actual := read(t, mustOpen(t, gitDir, id), "a.txt"); actual != expected {
			t.Errorf("expected %q, actual %q", expected, actual)
		}
	}
}

func TestARelativeAlternateStartsAtTheObjectsFolder(t *testing.T) {
	root := testtree.Write(t, nil)
	testtree.Put(t, root, "one/a.txt", "one")
	id := testtree.Commit(t, root+"/one")
	testtree.Git(t, root, "clone", "-q", "--shared", "one", "two")
	testtree.Put(t, root, "two/.git/objects/info/alternates", "# a comment\n../../../one/.git/objects\n")
	if actual := read(t, mustOpen(t, root+"/two/.git", id), "a.txt"); actual != "one" {
		t.Errorf("actual %q", actual)
	}
}

func TestAnAlternateThatIsGoneIsAFailure(t *testing.T) {
	root := testtree.Write(t, map[string]string{"a.txt": "one"})
	id := testtree.Commit(t, root)
	testtree.Put(t, root, ".git/objects/info/alternates", "/nowhere/objects\n")
	_, err := Open(root+"/.git", id, "/r")
	expectFailed(t, err, "cannot be opened")
}

func TestPacksThatWereReplacedMeanwhileAreFound(t *testing.T) {
	root := testtree.Write(t, map[string]string{"a.txt": "one", "b.txt": "more"})
	first := testtree.Commit(t, root)
	testtree.Git(t, root, "gc", "-q")
	read(t, mustOpen(t, root+"/.git", first), "a.txt")
	testtree.Put(t, root, "a.txt", "two")
	second := testtree.Commit(t, root)
	testtree.Git(t, root, "repack", "-q", "-a", "-d")
	if actual := read(t, mustOpen(t, root+"/.git", second), "a.txt"); actual != "two" {
		t.Errorf("actual %q", actual)
	}
	if actual := read(t, mustOpen(t, root+"/.git", first), "b.txt"); actual != "more" {
		t.Errorf("actual %q", actual)
	}
}

func TestWhatIsNotThereIsAnErrorAsTheDisks(t *testing.T) {
	root := testtree.Write(t, map[string]string{"folder/a.txt": "one"})
	id := testtree.Commit(t, root)
	tree := mustOpen(t, root+"/.git", id)
	for _, path := range []string{"nowhere", "nowhere/below", "folder/a.txt/below", "folder/A.txt", "folder/" + strings.Repeat("n", 300), "n\x00l"} {
		_, onDisk := os.Lstat(filepath.Join(root, path))
		_, inTree := tree.Lstat("/r/" + path)
		var expected, actual *fs.PathError
		if !errors.As(onDisk, &expected) || !errors.As(inTree, &actual) || expected.Err != actual.Err {
			t.Errorf("%q: expected %v, actual %v", path, onDisk, inTree)
		}
	}
}

func TestAnObjectThatCannotBeHadIsAFailureAndNotAnAbsentFile(t *testing.T) {
	root := testtree.Write(t, map[string]string{"a.txt": "one", "folder/b.txt": "two"})
	id := testtree.Commit(t, root)
	for _, name := range []string{"HEAD:a.txt", "HEAD:folder"} {
		object := testtree.Git(t, root, "rev-parse", name)
		if err := os.Remove(filepath.Join(root, ".git/objects", object[:2], object[2:])); err != nil {
			t.Fatal(err)
		}
	}
	tree := mustOpen(t, root+"/.git", id)
	_, _, err := tree.ReadFile("/r/a.txt")
	expectFailed(t, err, "not in this repository's object database")
	_, err = tree.Lstat("/r/folder/b.txt")
	expectFailed(t, err, "not in this repository's object database")
	_, err = tree.ReadDir("/r/folder")
	expectFailed(t, err, "not in this repository's object database")
}

func TestADamagedObjectIsAFailure(t *testing.T) {
	root := testtree.Write(t, map[string]string{"a.txt": "one", "b.txt": "two"})
	id := testtree.Commit(t, root)
	file := func(name string) string {
		object := testtree.Git(t, root, "rev-parse", name)
		return filepath.Join(root, ".git/objects", object[:2], object[2:])
	}
	if err := os.Chmod(file("HEAD:a.txt"), 0o644); err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(file("HEAD:b.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file("HEAD:a.txt"), other, 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err = mustOpen(t, root+"/.git", id).ReadFile("/r/a.txt")
	expectFailed(t, err, "damaged")
}

func TestAnUnknownRevisionIsAFailure(t *testing.T) {
	root := testtree.Write(t, map[string]string{"a.txt": "one"})
	testtree.Commit(t, root)
	_, err := Open(root+"/.git", strings.Repeat("ab", 20), "/r")
	expectFailed(t, err, "not in this repository's object database")
	_, err = Open(root+"/.git", testtree.Git(t, root, "rev-parse", "HEAD:a.txt"), "/r")
	expectFailed(t, err, "not in this repository's object database")
	_, err = Open(root, strings.Repeat("ab", 20), "/r")
	expectFailed(t, err, "cannot be opened")
}

func TestARepositoryWithSHA256NamesIsAFailure(t *testing.T) {
	root := testtree.Write(t, map[string]string{"a.txt": "one"})
	testtree.Git(t, root, "init", "-q", "--object-format=sha256")
	_, err := Open(root+"/.git", testtree.Commit(t, root), "/r")
	expectFailed(t, err, "SHA-256")
}

func TestParametersThatAreNoneAreTheCallersFault(t *testing.T) {
	for _, each := range [][2]string{{"relative", strings.Repeat("ab", 20)}, {"/r/.git", "HEAD"}, {"/r/.git", "abcd"}} {
		_, err := Open(each[0], each[1], "/r")
		var f *failure.Error
		if !errors.As(err, &f) || f.Code != failure.BadRequest {
			t.Errorf("%v: actual %v", each, err)
		}
	}
}

func TestASubmoduleIsAFailure(t *testing.T) {
	module := testtree.Write(t, map[string]string{"a.txt": "one"})
	testtree.Commit(t, module)
	root := testtree.Write(t, map[string]string{"b.txt": "two"})
	testtree.Commit(t, root)
	testtree.Git(t, root, "submodule", "add", "-q", module, "vendored")
	tree := mustOpen(t, root+"/.git", testtree.Commit(t, root))
	for _, path := range []string{"/r/vendored", "/r/vendored/a.txt"} {
		_, err := tree.Lstat(path)
		expectFailed(t, err, "vendored is a submodule")
	}
}

func TestWhatACheckoutWouldConvertIsAFailure(t *testing.T) {
	root := testtree.Write(t, map[string]string{
		".gitattributes": "*.enc filter=crypt\n*.txt eol=crlf\n*.txt\tident\nplain.txt -text -ident\n" +
			"*.lfs filter=lfs\nlast/** eol=crlf\n**/mid/*.md eol=crlf\nb[!x]d.md eol=crlf\n",
		"a/.gitattributes": "# comment\nkept.enc !filter\n/own.yaml working-tree-encoding=UTF-16\n*.txt eol=lf\n",
		"q/.gitattributes": "\"q uoted\" eol=crlf\n",
	})
	cases := map[string][2]string{
		"s.enc": {"x", "filter crypt"}, "d/s.enc": {"x", "filter crypt"}, "a/kept.enc": {"x", ""},
		"a/own.yaml": {"x", "UTF-16"}, "a/b/own.yaml": {"x", ""},
		"w.txt": {"a\n", "CR LF"}, "one.txt": {"no line end", ""}, "a/w.txt": {"a\n", ""}, "r.yaml": {"a\r\n", ""},
		"plain.txt": {"a $Id$\n", ""}, "a/ident.txt": {"$Id$", "$Id$"}, "q/any.md": {"a\n", "CR LF"},
		"big.lfs":   {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "Git LFS"},
		"small.lfs": {"really here", ""}, "last/x/y.yaml": {"a\n", "CR LF"}, "lost/x.yaml": {"a\n", ""},
		"mid/x.md": {"a\n", "CR LF"}, "x/mid/x.md": {"a\n", "CR LF"}, "mid/x/x.md": {"a\n", ""},
		"bad.md": {"a\n", "CR LF"}, "bxd.md": {"a\n", ""},
	}
	for path, each := range cases {
		testtree.Put(t, root, path, each[0])
	}
	// The repository's own attributes keep `git add` from converting anything itself.
	testtree.Git(t, root, "init", "-q", "-b", "main")
	testtree.Put(t, root, ".git/info/attributes", "* -text -filter -ident !working-tree-encoding !eol\n")
	tree := mustOpen(t, root+"/.git", testtree.Commit(t, root))
	for path, each := range cases {
		_, _, err := tree.ReadFile("/r/" + path)
		if each[1] != "" {
			expectFailed(t, err, each[1])
		} else if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
