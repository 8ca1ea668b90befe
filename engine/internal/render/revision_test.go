package render

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sealock.dev/engine/internal/failure"
	"sealock.dev/engine/internal/testtree"
	"sealock.dev/engine/internal/trace"
)

// outcome is all that a render says, but for the numbers of the disk.
type outcome struct {
	Result result
	Fault  failure.Error
	Trace  []trace.Entry
}

func outcomeOf(t testing.TB, p Params, overlay string) string {
	t.Helper()
	params, _ := json.Marshal(p)
	item, _ := json.Marshal(Item{Overlay: overlay})
	answer, err := Run(params, item)
	var o outcome
	var f *failure.Error
	if errors.As(err, &f) {
		o.Fault = *f
		if err := json.Unmarshal(f.Trace, &o.Trace); err != nil {
			t.Fatalf("%v: %v", f, err)
		}
		o.Fault.Trace = nil
	} else if err != nil {
		t.Fatal(err)
	} else if err := json.Unmarshal(answer.(json.RawMessage), &o.Result); err != nil {
		t.Fatal(err)
	}
	o.Trace = append(o.Trace, o.Result.Trace...)
	o.Result.Trace = nil
	for i := range o.Trace {
		o.Trace[i].Inode, o.Trace[i].SizeBytes, o.Trace[i].MtimeNS, o.Trace[i].CtimeNS = 0, 0, 0, 0
	}
	text, err := json.MarshalIndent(o, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// everyFolder lists the folders below root that have any file, and one that is not there.
func everyFolder(t testing.TB, root string) []string {
	t.Helper()
	found := []string{"nowhere", "../outside"}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Name() == ".git" {
			return fs.SkipDir
		}
		if entry.IsDir() {
			relative, _ := filepath.Rel(root, path)
			found = append(found, relative)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func expectTheSame(t *testing.T, root, commit string) {
	t.Helper()
	compared := 0
	for _, restrictor := range []string{"root-only", "none"} {
		disk := Params{Root: root, Want: []string{"yaml", "objects"}, LoadRestrictor: restrictor}
		revision := disk
		revision.Tree, revision.GitDir = commit, filepath.Join(root, ".git")
		for _, overlay := range everyFolder(t, root) {
			expected, actual := outcomeOf(t, disk, overlay), outcomeOf(t, revision, overlay)
			if expected != actual {
				t.Errorf("%s (%s): from disk\n%s\nfrom the commit\n%s", overlay, restrictor, expected, actual)
			}
			compared++
		}
	}
	if compared < 10 {
		t.Fatalf("only %d overlays were compared", compared)
	}
}

func copied(t *testing.T, from string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(root, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestACommitRendersAsItsCheckoutDoes(t *testing.T) {
	trees := map[string]func() string{
		"accepted": func() string { return testtree.Unpack(t, "testdata/accepted.txt") },
		"refused":  func() string { return testtree.Unpack(t, "testdata/refused.txt") },
		"nasty":    func() string { return copied(t, "../../../tests/corpus/nasty") },
		"example":  func() string { return copied(t, "../../../examples/platform") },
		"links":    func() string { return linked(t) },
	}
	for name, make := range trees {
		t.Run(name, func(t *testing.T) {
			root := make()
			commit := testtree.Commit(t, root)
			expectTheSame(t, root, commit)
			testtree.Git(t, root, "gc", "-q", "--aggressive", "--prune=now")
			expectTheSame(t, root, commit)
		})
	}
}

// linked is a repository with links of every kind.
func linked(t *testing.T) string {
	t.Helper()
	base := "resources: [c.yaml]\n"
	object := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
	files := map[string]string{
		"base/kustomization.yaml": base, "base/c.yaml": object,
		"to-folder/kustomization.yaml":      "resources: [base]\n",
		"to-file/kustomization.yaml":        base,
		"to-nothing/kustomization.yaml":     base,
		"in-circle/kustomization.yaml":      base,
		"outside/kustomization.yaml":        base,
		"outside-folder/kustomization.yaml": "resources: [out]\n",
		"into-git/kustomization.yaml":       base,
		"through-root/kustomization.yaml":   base,
		"absolute/kustomization.yaml":       base,
		"below-file/kustomization.yaml":     "resources: [c.yaml/d.yaml]\n",
		"below-file/c.yaml":                 object,
		"case/kustomization.yaml":           "resources: [C.yaml]\n",
		"case/c.yaml":                       object,
		"long/kustomization.yaml":           "resources: [" + string(slices.Repeat([]byte("n"), 300)) + "]\n",
		"program/kustomization.yaml":        base,
		"folder/kustomization.yaml/x":       "",
		"generator/kustomization.yaml":      "configMapGenerator: [{name: g, files: [link, dangling]}]\n",
		"generator/ünï cöde \"'.txt":        "text\r\n",
	}
	root := testtree.Write(t, files)
	for path, target := range map[string]string{
		"to-folder/base": "../base", "to-file/c.yaml": "../base/c.yaml", "to-nothing/c.yaml": "nowhere.yaml",
		"in-circle/c.yaml": "d.yaml", "in-circle/d.yaml": "c.yaml", "outside/c.yaml": "../../c.yaml",
		"outside-folder/out": "/etc", "into-git/c.yaml": "../.git/config",
		"through-root/c.yaml": "../../" + filepath.Base(root) + "/base/c.yaml", "absolute/c.yaml": root + "/base/c.yaml",
		"overlay": "to-folder", "generator/link": "ünï cöde \"'.txt", "generator/dangling": "nowhere",
		"kustomization.yaml": "base/kustomization.yaml",
	} {
		if err := os.Symlink(target, filepath.Join(root, path)); err != nil {
			t.Fatal(err)
		}
	}
	testtree.Put(t, root, "program/c.yaml", object)
	if err := os.Chmod(filepath.Join(root, "program/c.yaml"), 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}
