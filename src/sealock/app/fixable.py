"""What the rules that have edits find in texts that were not written yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sealock.app import find_waivers
from sealock.app.settle_findings import settle
from sealock.domain.source_map import SourceMap
from sealock.rules.registry import ALL_RULES, RULE_IDS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from sealock.domain.finding import Finding
    from sealock.domain.settings import Settings
    from sealock.ports import SignedFiles
    from sealock.rules.view import RepositoryView


class FixableFindings:
    """The findings with edits of a repository that was checked."""

    def __init__(
        self,
        view: RepositoryView,
        tree: SignedFiles,
        settings: Settings,
        rules: Collection[str],
        today: date,
    ) -> None:
        """Look with `rules` at the `view` of a check of `tree`."""
        self._view = view
        self._tree = tree
        self._settings = settings
        self._today = today
        self._rules = tuple(
            rule
            for rule in ALL_RULES
            if rule.META.fix != "none"
            and rule.META.id in rules
            and view.argocd in rule.META.argocd
            and view.kubernetes in rule.META.kubernetes
        )

    def find(self, texts: Mapping[str, str]) -> Sequence[Finding]:
        """Return what has edits and is not waived, by place, if files had these texts.

        Renders and manifests are taken to be as they were: that is what makes a fix safe.
        """
        tree = _Changed(self._tree, texts)
        view = replace(self._view, sources=SourceMap(tree.read_text))
        found = [each for rule in self._rules for each in rule.check(view)]
        comments = find_waivers.within({each.location.file for each in found}, tree, RULE_IDS)
        settled = settle(found, self._settings, self._today, comments.waivers)
        return [each for each in settled.findings if each.fix and each.fix.edits]

    def readers(self, files: Collection[str]) -> list[str]:
        """Return the overlays whose render reads any of these files."""
        return [each.path for each in self._view.overlays if not each.read.isdisjoint(files)]


class _Changed:
    """A tree with other texts for some files; implements SignedFiles."""

    def __init__(self, inner: SignedFiles, texts: Mapping[str, str]) -> None:
        self._inner = inner
        self._texts = texts

    def files(self) -> Sequence[str]:
        return self._inner.files()

    def read_text(self, path: str) -> str:
        known = self._texts.get(path)
        return self._inner.read_text(path) if known is None else known

    def signature(self, path: str) -> bytes:
        return b"" if path in self._texts else self._inner.signature(path)
