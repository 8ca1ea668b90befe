package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sealock.dev/engine/internal/testtree"
	"sealock.dev/engine/internal/version"
)

// TestMain lets the test binary be the engine, so that the tests see a real process.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && (os.Args[1] == "serve" || os.Args[1] == "version") {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func engine(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exec.Command(self, arguments...)
}

func ask(t *testing.T, environment []string, request map[string]any) string {
	t.Helper()
	cmd := engine(t, "serve")
	cmd.Env = environment
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := json.Marshal(request)
	if _, err := in.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	answer, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("end of input: %v", err)
	}
	return answer
}

func TestGeneratorsNeverSeeTheEnvironment(t *testing.T) {
	root := testtree.Write(t, map[string]string{
		"kustomization.yaml": "configMapGenerator:\n- name: a\n  envs: [vars]\n",
		"vars":               "PATH\nHOME\nSEALOCK_SECRET\nGOGC\nTMPDIR\nKEPT=1\n",
	})
	environment := []string{"SEALOCK_SECRET=leak", "HOME=/leak", "PATH=/leak", "GOGC=100", "TMPDIR=/leak"}
	answer := ask(t, environment, map[string]any{
		"id": 1, "op": "render", "params": map[string]any{"root": root, "want": []string{"objects"}},
		"items": []any{map[string]string{"overlay": "."}},
	})
	if !strings.Contains(answer, `"KEPT":"1"`) || strings.Contains(answer, "leak") || strings.Contains(answer, `"GOGC":"100"`) {
		t.Errorf("actual %s", answer)
	}
}

func TestAnswersAloneReachStandardOutput(t *testing.T) {
	root := testtree.Write(t, map[string]string{
		"kustomization.yaml": "commonLabels: {a: b}\nresources: [a.yaml]\n", // kustomize warns of this field
		"a.yaml":             "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
	})
	answer := ask(t, nil, map[string]any{
		"id": 1, "op": "render", "params": map[string]any{"root": root, "want": []string{"yaml"}},
		"items": []any{map[string]string{"overlay": filepath.Join(root)}},
	})
	if !strings.HasPrefix(answer, `{"id":1,"item":0,"ok":{"yaml":"apiVersion: v1\nkind: ConfigMap\n`) {
		t.Errorf("actual %s", answer)
	}
}

func TestVersionNamesWhatIsLinked(t *testing.T) {
	text, err := engine(t, "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	var info version.Info
	if err := json.Unmarshal(text, &info); err != nil {
		t.Fatal(err)
	}
	if info.Kustomize != "v5.8.1" || !strings.HasPrefix(info.Go, "go1.") || len(info.Fingerprint) != 64 {
		t.Errorf("actual %+v", info)
	}
}

func TestTheOperationsServedAreThoseDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.FromSlash("../../../docs/reference/engine-protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "\n## Operations\n")
	table, _, _ = strings.Cut(table, "\n\n")
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z]+)` ").FindAllStringSubmatch(table, -1) {
		documented[row[1]] = true
	}
	for op := range operations {
		if !documented[op] {
			t.Errorf("%s is not documented", op)
		}
	}
	for op := range documented {
		if operations[op] == nil {
			t.Errorf("%s is missing", op)
		}
	}
}

func TestUnknownArgumentsAreAUsageError(t *testing.T) {
	before := os.Args
	defer func() { os.Args = before }()
	for _, arguments := range [][]string{nil, {"what"}, {"serve", "more"}} {
		os.Args = append([]string{"sealock-engine"}, arguments...)
		if status := run(); status != 2 {
			t.Errorf("%v: expected 2, actual %d", arguments, status)
		}
	}
}
