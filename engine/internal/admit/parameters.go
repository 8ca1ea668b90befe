package admit

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/pod-security-admission/api"

	kept "sealock.dev/engine/internal/parameters"
)

// settings is what is known of a cluster; the zero value knows nothing.
type settings struct {
	definitions map[schema.GroupKind]*definition
	namespaces  map[string]map[string]string // labels by name
	levels      *api.Policy                  // of namespaces that have no labels; nil when nothing is said of them
}

type parameters struct {
	Definitions []json.RawMessage `json:"definitions"`
	Namespaces  []struct {
		Name   string            `json:"name"`
		Labels map[string]string `json:"labels"`
	} `json:"namespaces"`
	PodSecurity *struct {
		Enforce string `json:"enforce"`
		Warn    string `json:"warn"`
		Audit   string `json:"audit"`
		Version string `json:"version"`
	} `json:"pod_security"`
}

var last kept.Last[settings]

func newSettings(raw json.RawMessage) (*settings, error) {
	var given parameters
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &given); err != nil {
			return nil, err
		}
	}
	s := &settings{definitions: map[schema.GroupKind]*definition{}, namespaces: map[string]map[string]string{}}
	for index, each := range given.Definitions {
		found, err := definitionOf(each)
		if err != nil {
			return nil, fmt.Errorf("definitions[%d]: %w", index, err)
		}
		s.definitions[found.kind] = found
	}
	for _, each := range given.Namespaces {
		s.namespaces[each.Name] = each.Labels
	}
	if p := given.PodSecurity; p != nil {
		levels, err := policyOf(p.Enforce, p.Warn, p.Audit, p.Version)
		if err != nil {
			return nil, fmt.Errorf("pod_security: %w", err)
		}
		s.levels = levels
	}
	return s, nil
}

// policyOf reads levels and a version; what is empty is privileged, and the latest version.
func policyOf(enforce, warn, audit, version string) (*api.Policy, error) {
	policy := privileged()
	if version != "" {
		parsed, err := api.ParseVersion(version)
		if err != nil {
			return nil, fmt.Errorf("version %q: %w", version, err)
		}
		policy.Enforce.Version, policy.Warn.Version, policy.Audit.Version = parsed, parsed, parsed
	}
	for _, each := range []struct {
		mode, text string
		level      *api.Level
	}{
		{"enforce", enforce, &policy.Enforce.Level}, {"warn", warn, &policy.Warn.Level}, {"audit", audit, &policy.Audit.Level},
	} {
		if each.text == "" {
			continue
		}
		level, err := api.ParseLevel(each.text)
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", each.mode, each.text, err)
		}
		*each.level = level
	}
	return &policy, nil
}

// privileged is what the API server takes for namespaces without labels, unless it is configured otherwise.
func privileged() api.Policy {
	free := api.LevelVersion{Level: api.LevelPrivileged, Version: api.LatestVersion()}
	return api.Policy{Enforce: free, Warn: free, Audit: free}
}
