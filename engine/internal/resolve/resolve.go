// Package resolve asks container registries what an image is, with the credentials that Docker is configured with.
//
// It runs in an engine of its own (`sealock-engine registry`), which has what renders must not: the network, an
// environment, and programs, for credential helpers are programs.
package resolve

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"sealock.dev/engine/internal/failure"
)

// Answer is what a registry has under a name. Platforms (`linux/arm64/v8`) are those of an index, in its order.
type Answer struct {
	Digest    string   `json:"digest"`
	MediaType string   `json:"media_type"`
	Platforms []string `json:"platforms"`
}

// Run answers one item of the protocol's resolve operation.
func Run(params, item json.RawMessage) (any, error) {
	var question struct {
		Image string `json:"image"`
	}
	if err := json.Unmarshal(item, &question); err != nil {
		return nil, failure.New(failure.BadRequest, "resolve: "+err.Error(), "")
	}
	reference, err := parse(question.Image)
	if err != nil {
		return nil, err
	}
	return Ask(params, func(c *Connection) (Answer, error) { return find(c, reference) })
}

// parse reads an image that names a tag or a digest: nobody means `latest` who does not say so.
func parse(image string) (name.Reference, error) {
	rest, _, byDigest := strings.Cut(image, "@")
	if !byDigest && !strings.Contains(rest[strings.LastIndex(rest, "/")+1:], ":") {
		return nil, failure.New(failure.InvalidImage, fmt.Sprintf("%q has neither a tag nor a digest", image), "")
	}
	reference, err := name.ParseReference(image)
	if err != nil {
		return nil, Explain(err)
	}
	return reference, nil
}

func find(c *Connection, reference name.Reference) (Answer, error) {
	// The digest is that of the bytes, not of a header: what is pinned is what was seen.
	found, err := c.Puller.Get(c.Context, reference)
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{found.Digest.String(), string(found.MediaType), []string{}}
	switch {
	case found.MediaType == types.DockerManifestSchema1 || found.MediaType == types.DockerManifestSchema1Signed:
		message := "the image has a Docker manifest of schema 1, whose digest is not that of its content"
		return Answer{}, failure.New(failure.InvalidImage, message, "Build and push it again.")
	case found.MediaType.IsIndex():
		index, err := v1.ParseIndexManifest(bytes.NewReader(found.Manifest))
		if err != nil {
			return Answer{}, fmt.Errorf("the registry's index cannot be read: %w", err)
		}
		answer.Platforms = platforms(index)
	case !found.MediaType.IsImage():
		message := fmt.Sprintf("this is no image but %q", found.MediaType)
		return Answer{}, failure.New(failure.InvalidImage, message, "")
	}
	return answer, nil
}

func platforms(index *v1.IndexManifest) []string {
	found := []string{}
	for _, each := range index.Manifests {
		// Builders keep their attestations in the index, as `unknown/unknown`.
		if each.Platform != nil && each.Platform.OS != "unknown" && each.Platform.OS != "" {
			found = append(found, each.Platform.String())
		}
	}
	return found
}
