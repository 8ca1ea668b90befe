package signed

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"sealock.dev/engine/internal/failure"
)

const (
	simpleType = "application/vnd.dev.cosign.simplesigning.v1+json"
	annotation = "dev.cosignproject.cosign/signature"
)

// place is an image in a registry.
type place struct {
	t     *testing.T
	image name.Digest
	raw   []byte
	desc  v1.Descriptor
}

func pushed(t *testing.T, options ...registry.Option) place {
	t.Helper()
	options = append(options, registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(registry.New(options...))
	t.Cleanup(server.Close)
	image, err := random.Image(64, 1)
	check(t, err)
	digest, err := image.Digest()
	check(t, err)
	reference, err := name.NewDigest(strings.TrimPrefix(server.URL, "http://") + "/acme/api@" + digest.String())
	check(t, err)
	check(t, remote.Write(reference, image))
	raw, err := image.RawManifest()
	check(t, err)
	desc := v1.Descriptor{MediaType: types.DockerManifestSchema2, Digest: digest, Size: int64(len(raw))}
	return place{t, reference, raw, desc}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (p place) payload(digest, kind string) []byte {
	return fmt.Appendf(nil, `{"critical": {"identity": {"docker-reference": ""}, "image": {"docker-manifest-digest": %q},
		"type": %q}, "optional": null}`, digest, kind)
}

func (p place) sign(signer crypto.Signer, payload []byte) {
	p.t.Helper()
	p.attach(payload, base64.StdEncoding.EncodeToString(made(p.t, signer, payload)))
}

func (p place) attach(payload []byte, encoded string) {
	p.t.Helper()
	image, err := mutate.Append(empty.Image, mutate.Addendum{
		Layer: static.NewLayer(payload, simpleType), Annotations: map[string]string{annotation: encoded},
	})
	check(p.t, err)
	tag := p.image.Context().Tag(strings.Replace(p.image.DigestStr(), ":", "-", 1) + ".sig")
	check(p.t, remote.Write(tag, image))
}

func (p place) refer(content map[string]any) {
	p.t.Helper()
	p.referAs(content, bundleType+".v0.3+json")
}

// referAs lists the bundle as another type: this registry takes that of the config.
func (p place) referAs(content map[string]any, listedAs types.MediaType) {
	p.t.Helper()
	content["mediaType"] = bundleType + ".v0.3+json"
	raw, err := json.Marshal(content)
	check(p.t, err)
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), listedAs)
	image, err = mutate.AppendLayers(image, static.NewLayer(raw, bundleType+".v0.3+json"))
	check(p.t, err)
	referrer := mutate.Subject(image, p.desc).(v1.Image)
	digest, err := referrer.Digest()
	check(p.t, err)
	check(p.t, remote.Write(p.image.Context().Digest(digest.String()), referrer))
}

func (p place) attest(signer crypto.Signer, predicate, digest string) {
	p.t.Helper()
	_, hex, _ := strings.Cut(digest, ":")
	statement := fmt.Appendf(nil, `{"_type": "https://in-toto.io/Statement/v1", "predicateType": %q,
		"subject": [{"name": "", "digest": {"sha256": %q}}], "predicate": {}}`, predicate, hex)
	sig := made(p.t, signer, preAuthentication(statementType, statement))
	p.refer(map[string]any{"dsseEnvelope": map[string]any{
		"payload": statement, "payloadType": statementType, "signatures": []any{map[string]any{"sig": sig}},
	}})
}

func made(t *testing.T, signer crypto.Signer, message []byte) []byte {
	t.Helper()
	var options crypto.SignerOpts = crypto.SHA256
	digest := message
	if _, plain := signer.(ed25519.PrivateKey); plain {
		options = crypto.Hash(0)
	} else {
		digest = sum(crypto.SHA256, message)
	}
	found, err := signer.Sign(rand.Reader, digest, options)
	check(t, err)
	return found
}

func elliptical(t *testing.T, curve elliptic.Curve) crypto.Signer {
	t.Helper()
	found, err := ecdsa.GenerateKey(curve, rand.Reader)
	check(t, err)
	return found
}

func public(t *testing.T, signer crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(signer.Public())
	check(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func (p place) ask(key string) (Answer, *failure.Error) {
	item, _ := json.Marshal(map[string]string{"image": p.image.String(), "key": key})
	answer, err := Run(nil, item)
	if err != nil {
		var known *failure.Error
		if !errors.As(err, &known) {
			p.t.Fatal(err)
		}
		return Answer{}, known
	}
	return answer.(Answer), nil
}

func (p place) expect(verdict, message string, key crypto.Signer) {
	p.t.Helper()
	answer, err := p.ask(public(p.t, key))
	if err != nil {
		p.t.Fatal(err)
	}
	if answer.Verdict != verdict || !strings.Contains(answer.Message, message) {
		p.t.Errorf("expected %s with %q, actual %+v", verdict, message, answer)
	}
}

const cosign = "cosign container image signature"

func TestEveryKindOfKeyThatCosignHasIsVerified(t *testing.T) {
	_, plain, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	for kind, signer := range map[string]crypto.Signer{
		"P-256": elliptical(t, elliptic.P256()), "P-384": elliptical(t, elliptic.P384()), "Ed25519": plain, "RSA": large,
	} {
		t.Run(kind, func(t *testing.T) {
			p := pushed(t)
			p.sign(signer, p.payload(p.image.DigestStr(), cosign))
			p.expect(Pass, "", signer)
		})
	}
}

func TestP384MayHashWithSHA384(t *testing.T) {
	p, signer := pushed(t), elliptical(t, elliptic.P384())
	payload := p.payload(p.image.DigestStr(), cosign)
	sig, err := signer.Sign(rand.Reader, sum(crypto.SHA384, payload), crypto.SHA384)
	check(t, err)
	p.attach(payload, base64.StdEncoding.EncodeToString(sig))
	p.expect(Pass, "", signer)
}

func TestASignatureByAnotherKeyDoesNotCount(t *testing.T) {
	p := pushed(t)
	p.sign(elliptical(t, elliptic.P256()), p.payload(p.image.DigestStr(), cosign))
	p.expect(Refuse, "by another key", elliptical(t, elliptic.P256()))
}

func TestASignatureOfAnotherImageDoesNotCount(t *testing.T) {
	p, signer := pushed(t), elliptical(t, elliptic.P256())
	p.sign(signer, p.payload("sha256:"+strings.Repeat("0", 64), cosign))
	p.expect(Refuse, "it is of \"sha256:000", signer)
}

func TestASignatureOfSomethingElseDoesNotCount(t *testing.T) {
	p, signer := pushed(t), elliptical(t, elliptic.P256())
	p.sign(signer, p.payload(p.image.DigestStr(), "atomic container signature"))
	p.expect(Refuse, "atomic container signature", signer)
}

func TestWithoutASignatureItIsRefused(t *testing.T) {
	pushed(t).expect(Refuse, "no signature", elliptical(t, elliptic.P256()))
}

func TestBundlesThatReferToTheImageCount(t *testing.T) {
	for how, options := range map[string][]registry.Option{
		"by the registry's list": {registry.WithReferrersSupport(true)}, "by a tag": nil,
	} {
		for _, predicate := range []string{"https://sigstore.dev/cosign/sign/v1", "https://slsa.dev/provenance/v1"} {
			t.Run(how+" "+predicate, func(t *testing.T) {
				p, signer := pushed(t, options...), elliptical(t, elliptic.P256())
				p.attest(signer, predicate, p.image.DigestStr())
				p.expect(Pass, "", signer)
				p.expect(Refuse, "by another key", elliptical(t, elliptic.P256()))
			})
		}
	}
}

func TestABundleAboutAnotherImageDoesNotCount(t *testing.T) {
	p, signer := pushed(t), elliptical(t, elliptic.P256())
	p.attest(signer, "https://sigstore.dev/cosign/sign/v1", "sha256:"+strings.Repeat("0", 64))
	p.expect(Refuse, "about another image", signer)
}

func TestAScanByTheKeyIsNoSignature(t *testing.T) {
	p, signer := pushed(t), elliptical(t, elliptic.P256())
	p.attest(signer, "https://cosign.sigstore.dev/attestation/vuln/v1", p.image.DigestStr())
	p.expect(Refuse, "neither signature nor provenance", signer)
}

func TestABundleMaySignTheManifestItself(t *testing.T) {
	p, signer := pushed(t), elliptical(t, elliptic.P256())
	p.refer(map[string]any{"messageSignature": map[string]any{"signature": made(t, signer, p.raw)}})
	p.expect(Pass, "", signer)
	p.expect(Refuse, "by another key", elliptical(t, elliptic.P256()))
}

func TestABundleCountsWhateverTypeTheRegistryLists(t *testing.T) {
	p, signer := pushed(t, registry.WithReferrersSupport(true)), elliptical(t, elliptic.P256())
	content := map[string]any{"messageSignature": map[string]any{"signature": made(t, signer, p.raw)}}
	p.referAs(content, "application/vnd.oci.empty.v1+json")
	p.expect(Pass, "", signer)
}

func TestABundleThatCannotBeReadLeavesItUnknown(t *testing.T) {
	p := pushed(t)
	p.refer(map[string]any{"dsseEnvelope": "nonsense"})
	p.expect(Unknown, "cannot be read", elliptical(t, elliptic.P256()))
}

func TestOneGoodSignatureCountsBesideBadOnes(t *testing.T) {
	p, signer := pushed(t), elliptical(t, elliptic.P256())
	p.sign(elliptical(t, elliptic.P256()), p.payload(p.image.DigestStr(), cosign))
	p.refer(map[string]any{"dsseEnvelope": "nonsense"})
	p.attest(signer, "https://sigstore.dev/cosign/sign/v1", p.image.DigestStr())
	p.expect(Pass, "", signer)
}

func TestARegistryThatCannotBeAskedLeavesItUnknown(t *testing.T) {
	p := pushed(t)
	gone, err := name.NewDigest("127.0.0.1:1/acme/api@" + p.image.DigestStr())
	check(t, err)
	p.image = gone
	p.expect(Unknown, "unreachable", elliptical(t, elliptic.P256()))
}

func TestWhatIsNoPublicKeyIsInvalid(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	check(t, err)
	p := pushed(t)
	der, err := x509.MarshalPKCS8PrivateKey(elliptical(t, elliptic.P256()))
	check(t, err)
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	good := public(t, elliptical(t, elliptic.P256()))
	for what, key := range map[string]string{
		"nothing": "", "a private key": private, "two keys": good + good, "few bits": public(t, small),
		"another curve": public(t, elliptical(t, elliptic.P521())),
	} {
		if _, err := p.ask(key); err == nil || err.Code != failure.InvalidKey {
			t.Errorf("%s: actual %v", what, err)
		}
	}
}
