package signed

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // SHA-384, for P-384
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"

	"sealock.dev/engine/internal/failure"
)

const fewestBits = 2048

// key is a public key that cosign signs with: ECDSA P-256 or P-384, RSA (PKCS #1 v1.5), or Ed25519.
type key struct {
	public      crypto.PublicKey
	fingerprint string
}

// readKey reads a PEM public key, as `cosign generate-key-pair` and `openssl pkey -pubout` write it.
func readKey(text string) (*key, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil {
		return nil, invalid("it is no PEM file")
	}
	if next, _ := pem.Decode(rest); next != nil {
		return nil, invalid("it holds more than one key")
	}
	if block.Type != "PUBLIC KEY" {
		return nil, invalid(fmt.Sprintf("it holds a %q, not a PUBLIC KEY", block.Type))
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, invalid(err.Error())
	}
	switch typed := public.(type) {
	case *ecdsa.PublicKey:
		if typed.Curve != elliptic.P256() && typed.Curve != elliptic.P384() {
			return nil, invalid("its curve is " + typed.Curve.Params().Name + ", not P-256 or P-384")
		}
	case *rsa.PublicKey:
		if typed.N.BitLen() < fewestBits {
			return nil, invalid(fmt.Sprintf("its %d bits are too few for RSA", typed.N.BitLen()))
		}
	case ed25519.PublicKey:
	default:
		return nil, invalid(fmt.Sprintf("keys of type %T are not supported", public))
	}
	digest := sha256.Sum256(block.Bytes)
	return &key{public, "sha256:" + hex.EncodeToString(digest[:])}, nil
}

func invalid(why string) error {
	return failure.New(failure.InvalidKey, "the public key cannot be used: "+why,
		"Give the public half in PEM, as `cosign public-key` prints it.")
}

// verifies says whether the key made signature of message.
func (k *key) verifies(message, signature []byte) bool {
	switch public := k.public.(type) {
	case *ecdsa.PublicKey:
		if ecdsa.VerifyASN1(public, sum(crypto.SHA256, message), signature) {
			return true
		}
		// cosign 2 hashes with SHA-256 whatever the key, cosign 3 as the curve is large.
		return public.Curve == elliptic.P384() && ecdsa.VerifyASN1(public, sum(crypto.SHA384, message), signature)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum(crypto.SHA256, message), signature) == nil
	case ed25519.PublicKey:
		return ed25519.Verify(public, message, signature)
	}
	return false
}

func sum(hash crypto.Hash, message []byte) []byte {
	h := hash.New()
	h.Write(message)
	return h.Sum(nil)
}
