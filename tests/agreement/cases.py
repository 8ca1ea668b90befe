"""What is put to both judges: single objects to create, and changes of objects that exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.agreement import custom_mutations, mutations, pod_security, policies, quotas
from tests.agreement.manifests import ADMIT, base, documents, rendered_examples
from tests.agreement.places import change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.agreement.manifests import Manifest
    from tests.agreement.places import Changes
    from tests.agreement.quotas import Scene


class Case(NamedTuple):
    """One question: may `manifest` be created, or may `old` become it? `name` starts with its corpus."""

    name: str
    manifest: Manifest
    old: Manifest | None = None

    @property
    def corpus(self) -> str:
        """Return the corpus it belongs to."""
        return self.name.split(":", 1)[0]


CORPORA = {
    "accepted": "one object of every built-in kind, and some that are easily refused by mistake",
    "refused": "the faulty objects of the engine's own tests",
    "examples": "every object of every overlay of the example repository",
    "faults": "realistic faults in single objects, some harmless on purpose",
    "custom": "the same for custom resources: Argo CD's, and two kinds with rules in CEL",
    "pod-security": "Pods and controllers in namespaces with Pod Security levels",
    "policies": "objects where ValidatingAdmissionPolicies hold, and where they do not",
    "quotas": "what is created under LimitRanges and ResourceQuotas, workloads with their pods",
    "updates": "changes of objects that exist: forbidden, allowed, and none",
}
"""What each corpus holds."""


def creations() -> list[Case]:
    """Return the objects to create, each under a name of its own."""
    return [
        *_accepted(),
        *_refused(),
        *_examples(),
        *_faulty("faults", mutations.FAULTS),
        *_faulty("custom", custom_mutations.FAULTS),
        *(Case(f"pod-security: {name}", manifest) for name, manifest in pod_security.questions()),
    ]


def _accepted() -> Iterator[Case]:
    for number, manifest in enumerate(documents(ADMIT / "accepted.yaml"), 1):
        yield Case(f"accepted: {number} {manifest['apiVersion']} {manifest['kind']}", manifest)


def _refused() -> Iterator[Case]:
    for document in documents(ADMIT / "refused.yaml"):
        for number, element in enumerate(_elements(document["object"])):
            suffix = f" {number}" if element is not document["object"] else ""
            yield Case(f"refused: {document['name']}{suffix}", element)


def _elements(manifest: Manifest) -> Iterator[Manifest]:
    """Yield what a client sends: the elements of a list, each with its type."""
    if not str(manifest.get("kind")).endswith("List") or "items" not in manifest:
        yield manifest
        return
    assumed = {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"].removesuffix("List")}
    for element in manifest["items"]:
        yield element if "kind" in element else assumed | element


def _examples() -> Iterator[Case]:
    for overlay, objects in rendered_examples().items():
        for each in objects:
            yield Case(f"examples: {overlay} {each['kind']} {each['metadata']['name']}", each)


def _faulty(corpus: str, faults: dict[str, dict[str, Changes]]) -> Iterator[Case]:
    for name, faults_of in faults.items():
        yield Case(f"{corpus}: {name}", base(name))
        for fault, changes in faults_of.items():
            yield Case(f"{corpus}: {name}: {fault}", change(base(name), changes))


def policed() -> list[Case]:
    """Return the objects that policies are asked about."""
    return [Case(f"policies: {name}", manifest) for name, manifest in policies.questions()]


def allotted(scene: Scene) -> list[Case]:
    """Return the objects of a scene."""
    titles = (f"{each['kind']} {each['metadata']['name']}" for each in scene.objects)
    named = zip(titles, scene.objects, strict=True)
    return [Case(f"quotas: {scene.name}: {title}", manifest) for title, manifest in named]


def updates() -> list[Case]:
    """Return the changes; those of one object stand together."""
    return [
        Case(f"updates: {name}: {title}", change(base(name), changes), base(name))
        for name, changes_of in (*mutations.UPDATES.items(), *custom_mutations.UPDATES.items())
        for title, changes in changes_of.items()
    ]


def everything() -> list[Case]:
    """Return all cases, in the order in which they are judged."""
    under_quotas = [case for scene in quotas.scenes() for case in allotted(scene)]
    return [*creations(), *policed(), *under_quotas, *updates()]
