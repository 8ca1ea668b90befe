"""Whether a change can concern a render: never missed, not claimed where nothing that was read changed."""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from sealock.app.affected import Affected
from sealock.domain.rendered import Rendered, TraceEntry

Tree = dict[str, str]

NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def real(tree: Tree) -> Tree:
    """Drop files that stand where another path has a folder."""
    return {
        path: text for path, text in tree.items() if not any(each.startswith(f"{path}/") for each in tree)
    }


TREES = st.dictionaries(PATHS, st.sampled_from(["1", "2"]), max_size=6).map(real)


def look(tree: Tree, path: str, *, within: bool) -> TraceEntry:
    """Probe as the engine does: content of files, names in folders if asked for, else what is there."""
    if path in tree:
        return TraceEntry(path, "file", hashlib.sha256(tree[path].encode()).hexdigest() if within else "")
    names = {each[len(path) + 1 :].split("/")[0] for each in tree if each.startswith(f"{path}/")}
    if not names:
        return TraceEntry(path, "absent")
    return TraceEntry(path, "directory", ",".join(sorted(names)) if within else "")


def render(tree: Tree, probes: list[tuple[str, bool]]) -> Rendered:
    """Look at one thing after the other, each choice depending on what was seen so far."""
    trace: list[TraceEntry] = []
    state = 0
    for _ in range(4):
        path, within = probes[state % len(probes)]
        trace.append(look(tree, path, within=within))
        state += int(hashlib.sha256(repr(trace).encode()).hexdigest()[:4], 16)
    return Rendered("x", trace=tuple(trace))


def affected(before: Tree, after: Tree) -> Affected:
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    return Affected(changed, sorted(before), sorted(after))


@settings(deadline=None)
@given(TREES, TREES, st.lists(st.tuples(PATHS, st.booleans()), min_size=1, max_size=6))
def test_every_render_that_differs_is_affected(
    before: Tree, after: Tree, probes: list[tuple[str, bool]]
) -> None:
    if render(before, probes) != render(after, probes):
        assert affected(before, after).concerns(render(after, probes))


def test_what_looked_elsewhere_is_not_affected() -> None:
    before, after = {"a/x": "1", "b/x": "1"}, {"a/x": "2", "b/x": "1"}
    assert not affected(before, after).concerns(render(after, [("b/x", True)]))


def test_a_new_file_does_not_concern_who_only_saw_that_its_folder_is_there() -> None:
    before, after = {"a/x": "1"}, {"a/x": "1", "a/y": "1"}
    assert not affected(before, after).concerns(Rendered("o", trace=(look(after, "a", within=False),)))
    assert affected(before, after).concerns(Rendered("o", trace=(look(after, "a", within=True),)))


def test_a_folder_that_appears_concerns_who_missed_it() -> None:
    deep = {"a/b/c": "1"}
    assert affected(deep, {}).concerns(Rendered("o", trace=(TraceEntry("a", "absent"),)))


def test_a_file_that_git_ignores_concerns_its_reader() -> None:
    trace = (TraceEntry("a/built.yaml", "file", "x"),)
    assert affected({"a/x": "1"}, {"a/x": "2"}).concerns(Rendered("o", trace=trace))


def test_what_left_no_trace_may_be_affected() -> None:
    assert affected({}, {}).concerns(Rendered("o"))
    assert affected({}, {}).concerns(Rendered("o", trace=(TraceEntry("helm", "uncacheable"),)))
