"""A check finds the same whether objects are there at once or only when a rule looks at them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.fuzz.in_process import git
from tests.property.small_platform import EDITS, URL, apply, platform

from sealock import wiring
from sealock.adapters.text_memo import TextMemo
from sealock.app.check import CheckRepository, Question
from sealock.domain.check_report import Used
from sealock.domain.late import Late
from sealock.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sealock.domain.check_report import CheckReport
    from sealock.domain.rendered import Rendered, RenderedObject
    from sealock.ports import Renderer, RenderRequest

pytestmark = pytest.mark.engine
ONE = st.tuples(st.sampled_from(sorted(EDITS)), st.integers(0, 99), st.integers(0, 99))
VERSIONS = Used("1.34", "3.5", assumed=False)


class LateRenderer:
    """Gives what `inner` renders, the objects not before they are wanted; `opened` says whose were."""

    def __init__(self, inner: Renderer) -> None:
        self.inner = inner
        self.opened: set[str] = set()

    def render(self, request: RenderRequest) -> Iterator[Rendered]:
        for each in self.inner.render(request):
            yield replace(each, objects=self._late(each)) if each.objects else each

    def _late(self, rendered: Rendered) -> Late[RenderedObject]:
        def make() -> Sequence[RenderedObject]:
            self.opened.add(rendered.overlay)
            return rendered.objects

        return Late(frozenset(key.kind for key in rendered.keys), lambda: rendered.keys, make)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 - a generator of one
    folder = tmp_path_factory.mktemp("late")
    (folder / "repository").mkdir()
    git(folder / "repository", "init", "-qb", "main")
    git(folder / "repository", "remote", "add", "origin", URL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEALOCK_CACHE_DIR", str(folder / "cache"))
        patch.setenv("SEALOCK_ENGINES", "1")
        yield folder / "repository"


def hold(root: Path, files: dict[str, str]) -> None:
    git(root, "rm", "-rqf", "--ignore-unmatch", ".")
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git(root, "add", "-A")


def checked(root: Path, since: str | None, *, late: bool) -> tuple[CheckReport, set[str]]:
    """Return the report, and the overlays at whose objects somebody looked."""
    files = wiring.files(str(root))
    tree = TextMemo(files, files.root, time.time_ns())
    found = wiring.settings(tree)
    with wiring.judges(files, found, VERSIONS, cached=True, since=since, seen=tree.probes) as judges:
        renderer = LateRenderer(judges.renderer)
        asked = judges._replace(renderer=renderer) if late else judges
        return CheckRepository(tree, asked, Question(found, VERSIONS, repository=URL)).run(), renderer.opened


@pytest.mark.timeout(600)
@given(edits=st.lists(ONE, min_size=1, max_size=3), part=st.booleans())
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # edits say what they do; shrinking them takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_is_decoded_late_is_judged_the_same(
    root: Path, edits: list[tuple[str, int, int]], *, part: bool
) -> None:
    base = platform()
    hold(root, base)
    git(root, "commit", "-qm", "one", "--allow-empty")
    hold(root, apply(base, edits))
    since = "HEAD" if part else None
    try:
        expected, _ = checked(root, since, late=False)
    except ConfigurationError:
        return
    assert checked(root, since, late=True)[0] == expected


def test_only_what_a_change_is_compared_with_is_looked_at(root: Path) -> None:
    base = platform()
    hold(root, base)
    git(root, "commit", "-qm", "one", "--allow-empty")
    edited = "services/api/overlays/dev/replicas.yaml"
    hold(root, base | {edited: base[edited].replace("replicas: 2", "replicas: 3")})
    _, opened = checked(root, "HEAD", late=True)
    assert not opened & {f"services/{name}/overlays/production" for name in ("web", "worker")}
    assert "services/api/overlays/dev" in opened
