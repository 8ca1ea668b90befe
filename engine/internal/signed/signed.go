// Package signed says whether an image is signed by a key, as cosign signs: by simple signing payloads under the tag
// `sha256-….sig`, or by sigstore bundles that refer to the image. Nothing but the registry is asked.
//
// Sources: sigstore/cosign specs/SIGNATURE_SPEC.md and specs/BUNDLE_SPEC.md; secure-systems-lab/dsse protocol.md.
package signed

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"sealock.dev/engine/internal/failure"
	"sealock.dev/engine/internal/resolve"
)

// Verdicts of an Answer.
const (
	Pass    = "pass"
	Refuse  = "refuse"
	Unknown = "unknown"
)

const (
	mostSignatures = 50      // looked at in each place
	mostBytes      = 4 << 20 // of a payload or bundle
)

// Signature is one that was verified. Digest is that of the signed text; Form is `cosign signature`,
// `sigstore bundle`, or `provenance`.
type Signature struct {
	Form   string `json:"form"`
	Digest string `json:"digest"`
}

// Answer says whether the image is signed. Message says why not, or why that is unknown. Key is the SHA-256 of the
// key's DER form.
type Answer struct {
	Verdict    string      `json:"verdict"`
	Message    string      `json:"message"`
	Signatures []Signature `json:"signatures"`
	Key        string      `json:"key"`
}

// Run answers one item of the protocol's signed operation.
func Run(params, item json.RawMessage) (any, error) {
	var question struct {
		Image string `json:"image"`
		Key   string `json:"key"`
	}
	if err := json.Unmarshal(item, &question); err != nil {
		return nil, failure.New(failure.BadRequest, "signed: "+err.Error(), "")
	}
	image, err := name.NewDigest(question.Image)
	if err != nil {
		return nil, failure.New(failure.InvalidImage, err.Error(), "Name the image by its digest.")
	}
	key, err := readKey(question.Key)
	if err != nil {
		return nil, err
	}
	return resolve.Ask(params, func(c *resolve.Connection) (Answer, error) {
		l := look{connection: c, image: image, key: key}
		l.signatures()
		if len(l.verified) == 0 {
			l.bundles()
		}
		return l.answer(), nil
	})
}

// look is what was found so far.
type look struct {
	connection *resolve.Connection
	image      name.Digest
	key        *key
	verified   []Signature
	refused    []string // why signatures do not count
	unread     []string // why signatures could not be looked at
}

func (l *look) answer() Answer {
	answer := Answer{Signatures: []Signature{}, Key: l.key.fingerprint}
	switch {
	case len(l.verified) > 0:
		answer.Verdict, answer.Signatures = Pass, l.verified
	case len(l.unread) > 0:
		answer.Verdict, answer.Message = Unknown, l.unread[0]
	case len(l.refused) > 0:
		answer.Verdict = Refuse
		answer.Message = fmt.Sprintf("none of %d signatures counts: %s", len(l.refused), l.refused[0])
	default:
		answer.Verdict, answer.Message = Refuse, "the registry has no signature of it"
	}
	return answer
}

func (l *look) fail(err error) {
	why := resolve.Explain(err)
	l.unread = append(l.unread, why.Code+": "+why.Message)
}

// signatures looks at the layers of the manifest that cosign keeps beside the image.
func (l *look) signatures() {
	tag := l.image.Context().Tag(strings.Replace(l.image.DigestStr(), ":", "-", 1) + ".sig")
	manifest, err := l.manifest(tag)
	if resolve.Missing(err) {
		return
	}
	if err != nil {
		l.fail(err)
		return
	}
	for _, layer := range l.some(manifest.Layers) {
		encoded, found := layer.Annotations["dev.cosignproject.cosign/signature"]
		if !found {
			continue
		}
		payload, err := l.connection.Read(l.blob(layer), mostBytes)
		if err != nil {
			l.fail(err)
			continue
		}
		if why := l.simple(payload, encoded); why != "" {
			l.refused = append(l.refused, why)
			continue
		}
		l.verified = append(l.verified, Signature{"cosign signature", layer.Digest.String()})
	}
}

func (l *look) some(layers []v1.Descriptor) []v1.Descriptor {
	if len(layers) > mostSignatures {
		l.unread = append(l.unread, fmt.Sprintf("it has %d signatures, of which only %d were looked at",
			len(layers), mostSignatures))
		return layers[:mostSignatures]
	}
	return layers
}

func (l *look) manifest(reference name.Reference) (*v1.Manifest, error) {
	found, err := l.connection.Puller.Get(l.connection.Context, reference)
	if err != nil {
		return nil, err
	}
	if !found.MediaType.IsImage() {
		return nil, fmt.Errorf("the signature at %s is no manifest but %q", reference.Identifier(), found.MediaType)
	}
	return v1.ParseManifest(bytes.NewReader(found.Manifest))
}

func (l *look) blob(layer v1.Descriptor) name.Digest {
	return l.image.Context().Digest(layer.Digest.String())
}

// bundles looks at what refers to the image.
func (l *look) bundles() {
	index, err := remote.Referrers(l.image, l.connection.Options()...)
	if err != nil {
		l.fail(err)
		return
	}
	listed, err := index.IndexManifest()
	if err != nil {
		l.fail(err)
		return
	}
	// Some registries list another type, or none: those that say they are bundles come first, no more.
	slices.SortStableFunc(listed.Manifests, func(one, other v1.Descriptor) int {
		return cmp.Compare(rank(one), rank(other))
	})
	for _, each := range l.some(listed.Manifests) {
		if len(l.verified) > 0 {
			return
		}
		if err := l.referrer(each); err != nil {
			l.fail(err)
		}
	}
}

func rank(listed v1.Descriptor) int {
	if strings.HasPrefix(listed.ArtifactType, bundleType) {
		return 0
	}
	return 1
}

func (l *look) referrer(listed v1.Descriptor) error {
	manifest, err := l.manifest(l.blob(listed))
	if err != nil {
		return err
	}
	if len(manifest.Layers) == 0 || !strings.HasPrefix(string(manifest.Layers[0].MediaType), bundleType) {
		return nil
	}
	raw, err := l.connection.Read(l.blob(manifest.Layers[0]), mostBytes)
	if err != nil {
		return err
	}
	form, why, err := l.bundle(raw)
	switch {
	case err != nil:
		return err
	case why != "":
		l.refused = append(l.refused, why)
	default:
		l.verified = append(l.verified, Signature{form, manifest.Layers[0].Digest.String()})
	}
	return nil
}

var errEmpty = errors.New("a bundle has neither an envelope nor a message signature")
