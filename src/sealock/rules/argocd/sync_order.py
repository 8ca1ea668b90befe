"""When Argo CD applies an object: its phase and its sync wave.

Source: gitops-engine, pkg/sync/syncwaves, pkg/sync/hook and pkg/sync/sync_tasks.go (Argo CD 3.5.7).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sealock.rules.view import text_of

if TYPE_CHECKING:
    from sealock.rules.view import Manifest

WAVE = "argocd.argoproj.io/sync-wave"
HOOK = "argocd.argoproj.io/hook"
HOOK_DELETE_POLICY = "argocd.argoproj.io/hook-delete-policy"
PHASES = ("PreSync", "Sync", "PostSync", "SyncFail")
# What Go's strconv.Atoi reads.
INTEGER = re.compile(r"[+-]?[0-9]+")
_HELM = {
    "pre-install": "PreSync",
    "pre-upgrade": "PreSync",
    "post-install": "PostSync",
    "post-upgrade": "PostSync",
}


class Moment(NamedTuple):
    """A moment of a sync; the lesser comes first, and is waited for."""

    phase: int
    wave: int

    def __str__(self) -> str:
        return f"{PHASES[self.phase]}, wave {self.wave}"


def annotation(manifest: Manifest, name: str) -> str:
    """Return an annotation's text, or an empty one."""
    return text_of(manifest, "metadata", "annotations", name)


def listed(text: str) -> list[str]:
    """Return what an annotation lists between commas."""
    return [each for each in map(str.strip, text.split(",")) if each]


def wave(manifest: Manifest) -> int:
    """Return the sync wave; what is no integer counts as Helm's weight, and that as 0."""
    for name in (WAVE, "helm.sh/hook-weight"):
        text = annotation(manifest, name)
        if INTEGER.fullmatch(text):
            return int(text)
    return 0


def moments(manifest: Manifest) -> list[Moment]:
    """Return when a sync applies an object, in order; never for one that is skipped or for deletion."""
    hooks = listed(annotation(manifest, HOOK))
    phases = [each for each in hooks if each in PHASES]
    if not phases and "Skip" not in hooks:
        phases = [_HELM[each] for each in listed(annotation(manifest, "helm.sh/hook")) if each in _HELM]
    if not phases and not hooks and not annotation(manifest, "helm.sh/hook"):
        phases = ["Sync"]
    number = wave(manifest)
    return sorted({Moment(PHASES.index(each), number) for each in phases})
