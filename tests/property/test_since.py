"""A check of a change finds all that a check of everything finds about it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.fuzz.in_process import git, sealock
from tests.property.small_platform import EDITS, URL, apply, platform

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine
EXAMPLES = int(os.environ.get("SEALOCK_PROPERTY_EXAMPLES", "40"))
ONE = st.tuples(st.sampled_from(sorted(EDITS)), st.integers(0, 99), st.integers(0, 99))

# They tell of all that nothing uses, which is the repository's state rather than the change's doing.
ABOUT_EVERYTHING = {"unused-waiver", "unused-file"}


class Repository:
    """A Git repository whose files are replaced as a whole."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files: dict[str, str] = {}
        git(root, "init", "-qb", "main")
        git(root, "remote", "add", "origin", URL)

    def hold(self, files: dict[str, str]) -> None:
        for path in self._files.keys() - files.keys():
            (self.root / path).unlink()
        for path, text in files.items():
            if self._files.get(path) != text:
                (self.root / path).parent.mkdir(parents=True, exist_ok=True)
                (self.root / path).write_text(text)
        self._files = dict(files)

    def commit(self) -> None:
        git(self.root, "add", "-A")
        git(self.root, "commit", "-qm", "one", "--allow-empty")

    def found(self, *arguments: str) -> set[tuple[object, ...]] | None:
        """Return what is wrong or undecided, one for each overlay; None where the settings cannot be read."""
        ran = sealock("check", "--repo", str(self.root), "--format", "json", *arguments)
        if ran.code == 2:
            return None
        assert ran.code in {0, 1, 3}, ran.err
        assert "Traceback" not in ran.err
        document = json.loads(ran.out)
        return {key for each in (*document["findings"], *document["undecided"]) for key in _keys(each)}


def _keys(found: dict[str, Any]) -> list[tuple[object, ...]]:
    what = tuple(found.get(name) for name in ("rule", "check", "file", "message", "resource"))
    return [(*what, overlay) for overlay in found.get("overlays") or [None]]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 - a generator of one
    folder = tmp_path_factory.mktemp("since")
    (folder / "repository").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEALOCK_CACHE_DIR", str(folder / "cache"))
        patch.setenv("SEALOCK_ENGINES", "1")
        yield Repository(folder / "repository")


def missed(repository: Repository, base: dict[str, str], head: dict[str, str]) -> set[tuple[object, ...]]:
    """Return what a check of everything finds about the change from `base` and a check of the change not."""
    repository.hold(base)
    repository.commit()
    old = repository.found()
    repository.hold(head)
    new = repository.found()
    if old is None or new is None:
        return set()
    shown = repository.found("--since", "HEAD")
    assert shown is not None
    return {each for each in new - old if each[0] not in ABOUT_EVERYTHING} - shown


def test_the_platform_has_no_fault(repository: Repository) -> None:
    repository.hold(platform())
    repository.commit()
    assert repository.found() == set()


def test_the_property_sees_faults(repository: Repository) -> None:
    """Else it would hold of a platform in which nothing can go wrong."""
    head = platform() | {"policies/limits.yaml": platform()["policies/limits.yaml"].replace('"5"', '"1"')}
    repository.hold(head)
    assert {each[0] for each in repository.found() or ()} == {"admission-policy"}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("policies/limits.yaml", '"5"', '"1"'),
        ("sets/staging/web.json", "web", "api"),
        ("tools/base/kustomization.yaml", "namespace: shop-tools\n", ""),
        ("spaces/overlays/production/space.yaml", "kind: ServiceAccount", "kind: Secret"),
        ("projects/shop.yaml", "shop-*", "shop-dev"),
        ("argocd/tools.yaml", "tools/base", "services/api/base"),
        ("services/web/overlays/staging/kustomization.yaml", "ghcr.io/acme", "ghcr.io/(acme"),
        ("definitions/widgets.yaml", "maximum: 5", "maximum: 1"),
        ("plain/deep/config.yaml", "LEVEL: info", "LEVEL: 1"),
        ("argocd/flags.yaml", "recurse: true", "recurse: false, include: none"),
    ],
)
def test_what_others_depend_on_is_missed_nowhere(
    repository: Repository, file: str, old: str, new: str
) -> None:
    base = platform()
    assert old in base[file]
    assert missed(repository, base, base | {file: base[file].replace(old, new)}) == set()


@pytest.mark.timeout(900)
@given(before=st.lists(ONE, max_size=1), edits=st.lists(ONE, min_size=1, max_size=3))
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # edits say what they do; shrinking them takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_change_gets_every_finding_that_it_brings(
    repository: Repository, before: list[tuple[str, int, int]], edits: list[tuple[str, int, int]]
) -> None:
    base = apply(platform(), before)
    assert missed(repository, base, apply(base, edits)) == set()
