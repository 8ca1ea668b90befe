package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// Every command waits for the start of an engine: kubectl's translations would be a quarter of it.
func TestKubectlLoadsNoTranslations(t *testing.T) {
	command := exec.Command(os.Args[0], "-test.run=^$")
	command.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	found := regexp.MustCompile(`init k8s\.io/kubectl/\S+ @.* clock, (\d+) bytes`).FindAllSubmatch(said, -1)
	if len(found) == 0 {
		t.Fatalf("no package of kubectl is initialized here:\n%s", said)
	}
	for _, each := range found {
		if bytes, _ := strconv.Atoi(string(each[1])); bytes > 1<<20 {
			t.Errorf("%s", each[0])
		}
	}
}
