package signed

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

const (
	bundleType    = "application/vnd.dev.sigstore.bundle"
	statementType = "application/vnd.in-toto+json"
	otherKey      = "it is by another key"
)

// predicates are the statements that say that somebody stands for the image. Others (scans, test results) may
// well say that it is bad.
var predicates = []struct{ prefix, form string }{
	{"https://sigstore.dev/cosign/sign/v1", "sigstore bundle"},
	{"https://slsa.dev/provenance/", "provenance"},
}

// simple says why a simple signing payload does not sign the image; empty when it does.
func (l *look) simple(payload []byte, encoded string) string {
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !l.key.verifies(payload, signature) {
		return otherKey
	}
	// Only now is it anybody's word.
	var said struct {
		Critical struct {
			Image struct {
				Digest string `json:"docker-manifest-digest"`
			} `json:"image"`
			Type string `json:"type"`
		} `json:"critical"`
	}
	if err := json.Unmarshal(payload, &said); err != nil {
		return "its payload cannot be read"
	}
	if said.Critical.Type != "cosign container image signature" {
		return fmt.Sprintf("it is a %q", said.Critical.Type)
	}
	if said.Critical.Image.Digest != l.image.DigestStr() {
		return fmt.Sprintf("it is of %q", said.Critical.Image.Digest)
	}
	return ""
}

type signature struct {
	Sig []byte `json:"sig"`
}

type bundle struct {
	Envelope *struct {
		Payload     []byte      `json:"payload"`
		PayloadType string      `json:"payloadType"`
		Signatures  []signature `json:"signatures"`
	} `json:"dsseEnvelope"`
	Message *struct {
		Signature []byte `json:"signature"`
	} `json:"messageSignature"`
}

// bundle returns what a sigstore bundle is, or why it does not sign the image. Its certificate and log entries do
// not count: the key is known.
func (l *look) bundle(raw []byte) (form, why string, err error) {
	var found bundle
	if err := json.Unmarshal(raw, &found); err != nil {
		return "", "", fmt.Errorf("a bundle cannot be read: %w", err)
	}
	if found.Envelope != nil {
		signatures := found.Envelope.Signatures
		message := preAuthentication(found.Envelope.PayloadType, found.Envelope.Payload)
		by := func(s signature) bool { return l.key.verifies(message, s.Sig) }
		if !slices.ContainsFunc(signatures[:min(len(signatures), mostSignatures)], by) {
			return "", otherKey, nil
		}
		form, why = l.statement(found.Envelope.PayloadType, found.Envelope.Payload)
		return form, why, nil
	}
	if found.Message == nil {
		return "", "", errEmpty
	}
	// What is signed is the image's manifest itself.
	manifest, err := l.connection.Puller.Get(l.connection.Context, l.image)
	if err != nil {
		return "", "", err
	}
	if !l.key.verifies(manifest.Manifest, found.Message.Signature) {
		return "", otherKey, nil
	}
	return "sigstore bundle", "", nil
}

// preAuthentication is DSSE's PAE: what is signed of an envelope.
func preAuthentication(kind string, payload []byte) []byte {
	return fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(kind), kind, len(payload), payload)
}

func (l *look) statement(kind string, payload []byte) (form, why string) {
	if kind != statementType {
		return "", fmt.Sprintf("it is about a %q", kind)
	}
	var said struct {
		Type    string `json:"_type"`
		Subject []struct {
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
		Predicate string `json:"predicateType"`
	}
	if err := json.Unmarshal(payload, &said); err != nil {
		return "", "its statement cannot be read"
	}
	if !strings.HasPrefix(said.Type, "https://in-toto.io/Statement/") {
		return "", fmt.Sprintf("its statement is a %q", said.Type)
	}
	algorithm, hex, _ := strings.Cut(l.image.DigestStr(), ":")
	of := false
	for _, subject := range said.Subject {
		of = of || subject.Digest[algorithm] == hex
	}
	if !of {
		return "", "its statement is about another image"
	}
	for _, each := range predicates {
		if strings.HasPrefix(said.Predicate, each.prefix) {
			return each.form, ""
		}
	}
	return "", fmt.Sprintf("its statement is a %q, which is neither signature nor provenance", said.Predicate)
}
