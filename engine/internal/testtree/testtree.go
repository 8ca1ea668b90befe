// Package testtree makes folders of files for tests.
package testtree

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Write makes the files, by relative path, in a new folder and returns its real path.
func Write(t testing.TB, files map[string]string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range files {
		Put(t, root, path, content)
	}
	return root
}

// Put writes one file below root, its folders included.
func Put(t testing.TB, root, path, content string) {
	t.Helper()
	full := filepath.Join(root, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Unpack makes the files of an archive: each begins with a line `-- path --`.
func Unpack(t testing.TB, archive string) string {
	t.Helper()
	content, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	path := ""
	for _, line := range strings.SplitAfter(string(content), "\n") {
		if strings.HasPrefix(line, "-- ") && strings.HasSuffix(line, " --\n") {
			path = line[3 : len(line)-4]
			files[path] = ""
		} else if path != "" {
			files[path] += line
		}
	}
	return Write(t, files)
}
