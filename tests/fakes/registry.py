"""A registry in memory: images, and which keys signed them."""

from __future__ import annotations

from sealock.domain.image import ImageRef, InvalidImage
from sealock.domain.promotion import EvidenceRef
from sealock.errors import Undecided, UsageError
from sealock.ports import Resolved, SignatureAnswer

_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class MemoryRegistry:
    """Implements the Registry port; `down` makes it unreachable."""

    def __init__(self) -> None:
        self.down = False
        self._images: dict[str, Resolved] = {}
        self._signed: set[tuple[str, str]] = set()

    def push(self, repository: str, tag: str, digest: str, platforms: tuple[str, ...] = ()) -> None:
        found = Resolved(digest, _INDEX if platforms else _MANIFEST, platforms)
        self._images[f"{repository}:{tag}"] = self._images[f"{repository}@{digest}"] = found

    def sign(self, repository: str, digest: str, key: str) -> None:
        self._signed.add((f"{repository}@{digest}", key))

    def resolve(self, image: str) -> Resolved:
        try:
            read = ImageRef.parse(image)
        except InvalidImage as wrong:
            raise UsageError(str(wrong)) from wrong
        if self.down:
            message = f"the registry of {image} cannot be asked"
            raise Undecided(message)
        found = self._images.get(f"{read.name}@{read.digest}" if read.digest else f"{read.name}:{read.tag}")
        if found is None:
            message = f"the registry has no image {image}"
            raise UsageError(message)
        return found

    def signed(self, image: str, key: str) -> SignatureAnswer:
        if self.down:
            return SignatureAnswer("unknown", "the registry cannot be asked")
        by = {each for signed, each in self._signed if signed == image}
        if key in by:
            evidence = EvidenceRef("signature", f"sha256:{'5' * 64}", "a signature")
            return SignatureAnswer("pass", "signed", (evidence,))
        return SignatureAnswer("refuse", "by another key" if by else "the registry has no signature of it")
