package expand

import (
	"os/exec"
	"reflect"
	"sort"
	"strings"
	"testing"

	"sealock.dev/engine/internal/testtree"
)

var listed = []string{
	"a.yaml", "a/b.yaml", "a/b/c.yaml", "a/b/d.json", "a*/x.yaml", "ab/c.yaml", "b/a/b.yaml", "b]/c", "é/f.yaml", ".h/i.yaml", "-/j",
}

var patterns = []string{
	"a.yaml", "a", "a/", "./a", "a//b", "*", "*.yaml", "**/*.yaml", "a/*", "a/*.yaml", "a/**/c.yaml", "?/b.yaml", "a?b.yaml",
	"[ab]/*", "[!a]/*", "[^a]*", "[a-b].yaml", "a*/x.yaml", `a\*/x.yaml`, `a\*`, "b]/c", "b[]]/c", "[[:alpha:]]/b.yaml", "[a", "a*/",
	"a/b.yam", "*/b/*", "é/*", ".h", "-", "a/./b", "a/../ab", "{a,b}/*", "",
}

func TestPatternsMatchWhatGitLists(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not there to compare with")
	}
	files := map[string]string{}
	for _, file := range listed {
		files[file] = ""
	}
	root := testtree.Write(t, files)
	run := func(arguments ...string) string {
		cmd := exec.Command(git, append([]string{"-C", root, "-c", "core.quotePath=false"}, arguments...)...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v", arguments, err)
		}
		return string(out)
	}
	run("init", "-q")
	run("add", ".")
	for _, pattern := range patterns {
		matches, err := pathspec(pattern)
		if err != nil {
			t.Fatal(err)
		}
		actual := []string{}
		for _, file := range listed {
			if matches(file) {
				actual = append(actual, file)
			}
		}
		sort.Strings(actual)
		asked := pattern
		if asked == "" {
			asked = "." // as the repo server asks
		}
		want := strings.FieldsFunc(run("ls-files", "--full-name", "-z", "--", asked), func(r rune) bool { return r == 0 })
		sort.Strings(want)
		if len(want)+len(actual) > 0 && !reflect.DeepEqual(want, actual) {
			t.Errorf("%q: expected %v, actual %v", pattern, want, actual)
		}
	}
}

func TestPatternsThatLeadOutAreRefused(t *testing.T) {
	for _, pattern := range []string{"../a", "/a", "a/../../b", ":(glob)a", ":!a"} {
		if _, err := pathspec(pattern); err == nil {
			t.Errorf("%q is read", pattern)
		}
	}
}
