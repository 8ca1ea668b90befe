package render

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"

	"sealock.dev/engine/internal/failure"
	"sealock.dev/engine/internal/helm"
)

// isolated renders in an engine of its own that ends afterwards. kyaml keeps OpenAPI schemas for the whole process,
// so an overlay with `openapi` would change what patches do in every later one. The child ends with this process:
// its input ends then.
func isolated(p Params, i Item, op string) (any, error) {
	p.Isolated = true
	request, err := json.Marshal(map[string]any{"id": 1, "op": op, "params": p, "items": []Item{i}})
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	child := exec.Command(self, "serve")
	child.Env = []string{} // nil would mean this process's environment
	answers, err := child.StdoutPipe()
	if err != nil {
		return nil, err
	}
	input, err := child.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := child.Start(); err != nil {
		return nil, err
	}
	defer child.Wait() //nolint:errcheck // its answer is what counts
	defer input.Close()
	if _, err := input.Write(append(request, '\n')); err != nil {
		return nil, fmt.Errorf("the one-shot engine: %w", err)
	}
	return first(answers)
}

func first(answers io.Reader) (any, error) {
	line, err := bufio.NewReaderSize(answers, 1<<20).ReadBytes('\n')
	if err != nil {
		return nil, errors.New("the one-shot engine died on this overlay")
	}
	var answer struct {
		OK    json.RawMessage `json:"ok"`
		Error *failure.Error  `json:"error"`
	}
	if err := json.Unmarshal(line, &answer); err != nil {
		return nil, fmt.Errorf("the one-shot engine: %w", err)
	}
	if answer.Error != nil {
		return nil, answer.Error
	}
	return answer.OK, nil
}

// useHelm makes kustomize start helm through the wrapper that keeps it offline.
func useHelm(options *krusty.Options, program string) (remove func(), err error) {
	if info, statErr := os.Stat(program); statErr != nil || info.IsDir() {
		return nil, failure.New(failure.HelmFailed, "there is no helm program at "+program, "give the path of an installed helm")
	}
	command, remove, err := helm.Wrap(program)
	if err != nil {
		return nil, err
	}
	options.PluginConfig = types.DisabledPluginConfig()
	options.PluginConfig.HelmConfig = types.HelmConfig{Enabled: true, Command: command}
	return remove, nil
}
