"""A hook, or when it is deleted, is not one that Argo CD knows.

## What it does
Compares the annotations `argocd.argoproj.io/hook` and `argocd.argoproj.io/hook-delete-policy` of rendered
objects with what Argo CD looks for.

## Why is this bad
An object with an unknown hook is never applied: Argo CD takes it for a hook, and finds no phase for it.
An unknown delete policy is ignored, and the hook stays until the next sync.

## Bad
```yaml
annotations:
  argocd.argoproj.io/hook: pre-sync
  argocd.argoproj.io/hook-delete-policy: hook-succeeded
```

## Good
```yaml
annotations:
  argocd.argoproj.io/hook: PreSync
  argocd.argoproj.io/hook-delete-policy: HookSucceeded
```

## How to fix
Write PreSync, Sync, PostSync, SyncFail, PreDelete, PostDelete or Skip, and HookSucceeded, HookFailed or
BeforeHookCreation. The names of Helm's hooks belong to the annotations `helm.sh/hook` and
`helm.sh/hook-delete-policy`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.domain.printable import printable
from sealock.domain.suggest import did_you_mean
from sealock.rules.argocd.sync_order import HOOK, HOOK_DELETE_POLICY, PHASES, listed
from sealock.rules.meta import Meta
from sealock.rules.view import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.rules.view import Manifest, RepositoryView

META = Meta("unknown-hook", "a hook is not one that Argo CD knows", Severity.ERROR)

# Source: gitops-engine/pkg/sync/common/types.go, and controller/hook.go for those of a deletion.
_HOOKS = (*PHASES, "PreDelete", "PostDelete", "Skip")
_DELETE_POLICIES = ("HookSucceeded", "HookFailed", "BeforeHookCreation")


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each hook and delete policy that Argo CD does not know."""
    for overlay, each in view.in_scope():
        if not value_of(each.manifest, "metadata", "annotations"):
            continue
        for name, message, fix in (*_hooks(each.manifest), *_policies(each.manifest)):
            yield META.finding(
                view.where(each, ("metadata", "annotations", name)),
                message,
                fix=fix,
                resource=str(each.key),
                overlay=overlay.path,
            )


def _hooks(manifest: Manifest) -> Iterator[tuple[str, str, str]]:
    text = value_of(manifest, "metadata", "annotations", HOOK)
    if not isinstance(text, str):
        return
    hooks = listed(text)
    known = [each for each in hooks if each in _HOOKS]
    for each in hooks or [""]:
        if each not in _HOOKS:
            so = "ignores it" if known else "never applies the object"
            yield HOOK, f"Argo CD knows no hook `{printable(each)}`, and {so}", did_you_mean(each, _HOOKS)


def _policies(manifest: Manifest) -> Iterator[tuple[str, str, str]]:
    text = value_of(manifest, "metadata", "annotations", HOOK_DELETE_POLICY)
    for each in listed(text) if isinstance(text, str) else ():
        if each not in _DELETE_POLICIES:
            message = f"Argo CD ignores the delete policy `{printable(each)}` of a hook"
            yield HOOK_DELETE_POLICY, message, did_you_mean(each, _DELETE_POLICIES)
