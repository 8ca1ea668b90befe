"""Which entries a render proves, which Kustomize is asked about, and what its answers mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from sealock.adapters.rehearsal import RememberingMatcher
from sealock.app.entry_matches import unmatched
from sealock.domain.rendered import Origin, Rendered, RenderFailure, TraceEntry
from sealock.domain.source_map import SourceMap
from sealock.ports import EntryAnswer, EntryQuestion
from sealock.rules.view import JudgedObject, OverlayView, UnmatchedEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

DEV = "overlays/dev/kustomization.yaml"
NOTHING, SOMETHING = EntryAnswer(), EntryAnswer(matches=True)


class Asked:
    """An EntryMatcher that gives one answer to everything, and remembers what it was asked."""

    def __init__(self, *answers: EntryAnswer) -> None:
        self.questions: list[EntryQuestion] = []
        self._answers = answers or (NOTHING,)

    def ask(self, questions: Sequence[EntryQuestion]) -> list[EntryAnswer]:
        self.questions += questions
        return [self._answers[min(index, len(self._answers) - 1)] for index in range(len(questions))]


def deployment(image: str, name: str = "ledger") -> JudgedObject:
    spec = {"template": {"spec": {"containers": [{"name": "a", "image": image}]}}}
    manifest: dict[str, Any] = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}}
    return JudgedObject("overlays/dev", {**manifest, "spec": spec}, Origin("base/d.yaml", "Deployment", name))


def overlay(name: str = "dev", *objects: JudgedObject, read: Sequence[str] = (DEV,)) -> OverlayView:
    path = f"overlays/{name}"
    return OverlayView(
        path=path,
        file=f"{path}/kustomization.yaml",
        environment=name,
        production=False,
        in_scope=True,
        objects=objects,
        read=frozenset(read),
    )


def search(
    files: dict[str, str], overlays: Sequence[OverlayView], matcher: Asked, *, complete: bool = True
) -> tuple[UnmatchedEntry, ...]:
    renders = {
        each.path: Rendered(each.path, trace=tuple(TraceEntry(file, "file", "0") for file in each.read))
        for each in overlays
    }

    def read(file: str) -> str:
        if file not in files:
            raise FileNotFoundError(file)
        return files[file]

    return unmatched(overlays, renders, SourceMap(read), matcher, complete=complete)  # type: ignore[arg-type]


PROVEN = {
    "the image with its tag": ("images:\n- name: a/b\n  newTag: '1'\n", "a/b:1"),
    "an image in braces": ("images: [{name: a/b, newTag: '1'}]\n", "a/b:1"),
    "a new name": ("images:\n- name: a\n  newName: b:5000/c\n", "b:5000/c:7"),
    "a tag beside a digest": ("images:\n- name: a\n  newTag: x\n  digest: sha256:1\n", "a:x@sha256:1"),
    "the target's name": ("patches:\n- path: p\n  target: {kind: Deployment, name: ledger}\n", "a"),
    "the target's kind": ("patches:\n- path: p\n  target:\n    kind: Deployment\n", "a"),
    "no entry": ("resources:\n- ../../base\n", "a"),
    "a patch without a target": ("patches:\n- path: p\n", "a"),
}


@pytest.mark.parametrize(("text", "image"), PROVEN.values(), ids=PROVEN)
def test_what_a_render_shows_is_not_asked(text: str, image: str) -> None:
    matcher = Asked()
    text = f"namespace: x\n{text}"
    assert search({DEV: text}, [overlay("dev", deployment(image))], matcher) == ()
    assert matcher.questions == []


OPEN = {
    "another tag": ("images:\n- name: a\n  newTag: '1'\n", "a:2", "images"),
    "a name that only begins so": ("images:\n- name: a\n", "ab:2", "images"),
    "a pattern": ("images:\n- name: a.*\n  newTag: '1'\n", "a:1", "images"),
    "another name": ("patches:\n- target: {kind: Deployment, name: other}\n", "a", "patches"),
    "another version": ("patches:\n- target: {version: v2, kind: Deployment}\n", "a", "patches"),
    "a selector": ("patches:\n- target: {kind: Deployment, labelSelector: a=b}\n", "a", "patches"),
    "a pattern of names": ("patches:\n- target: {kind: Deployment, name: led.*}\n", "a", "patches"),
    "an older field": ("patchesJson6902:\n- target: {kind: Job, name: a}\n", "a", "patchesJson6902"),
}


@pytest.mark.parametrize(("text", "image", "field"), OPEN.values(), ids=OPEN)
def test_the_rest_is_asked_and_reported_as_answered(text: str, image: str, field: str) -> None:
    files = {DEV: f"namespace: x\n{text}"}
    dev = overlay("dev", deployment(image))
    assert search(files, [dev], Asked(NOTHING)) == (UnmatchedEntry(DEV, field, 0, ("overlays/dev",)),)
    assert search(files, [dev], Asked(SOMETHING)) == ()


def test_the_position_of_an_entry_counts() -> None:
    files = {DEV: "namespace: x\nimages:\n# one\n- name: a\n  newTag: '1'\n- newTag: '2'\n  name: b # two\n"}
    (found,) = search(files, [overlay("dev", deployment("a:1"))], Asked())
    assert (found.field, found.index) == ("images", 1)


COMPONENT = (
    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages:\n- name: a\n  newTag: '1'\n"
)
SHARED = {
    "part/kustomization.yaml": COMPONENT,
    DEV: "components:\n- ../../part\n",
    "overlays/qa/kustomization.yaml": "components:\n- ../../part\n",
}
READ = {"dev": [DEV, "part/kustomization.yaml"],
        "qa": ["overlays/qa/kustomization.yaml", "part/kustomization.yaml"]}  # fmt: skip


def test_one_overlay_that_shows_a_components_image_is_enough() -> None:
    overlays = [overlay("dev", deployment("b"), read=READ["dev"]),
                overlay("qa", deployment("a:1"), read=READ["qa"])]  # fmt: skip
    matcher = Asked()
    assert search(SHARED, overlays, matcher) == ()
    assert matcher.questions == []


def test_a_component_is_asked_about_through_every_overlay() -> None:
    overlays = [overlay(name, deployment("b"), read=READ[name]) for name in ("dev", "qa")]
    matcher = Asked(NOTHING, SOMETHING)
    assert search(SHARED, overlays, matcher) == ()
    asked = [(each.overlay, each.through) for each in matcher.questions]
    assert asked == [("overlays/dev", ("part",)), ("overlays/qa", ("part",))]
    (found,) = search(SHARED, overlays, Asked(NOTHING))
    assert found.overlays == ("overlays/dev", "overlays/qa")


def test_nothing_is_said_of_a_component_when_not_every_overlay_is_known() -> None:
    overlays = [overlay("dev", deployment("b"), read=READ["dev"])]
    assert search(SHARED, overlays, Asked(), complete=False) == ()


def test_nothing_is_said_where_an_overlay_that_uses_it_does_not_build() -> None:
    broken = replace(overlay("qa", read=()), failure=RenderFailure("build-failed", "no"))
    overlays = [overlay("dev", deployment("b"), read=READ["dev"]), broken]
    assert search(SHARED, overlays, Asked()) == ()


def test_a_crash_is_explained_by_a_name_that_is_no_expression() -> None:
    crashed = replace(overlay("dev", read=()), failure=RenderFailure("internal", "panic"))
    files = {DEV: "images:\n- name: a(\n  newTag: '1'\n- name: b\n  newTag: '1'\n"}
    (found,) = search(files, [crashed], Asked(EntryAnswer(invalid="missing )")))
    assert (found.index, found.invalid) == (0, "missing )")


@pytest.mark.parametrize(("code", "undecided"), [("engine-died", "lost"), ("build-failed", "")])
def test_only_an_engine_that_gives_no_answer_leaves_an_entry_undecided(code: str, undecided: str) -> None:
    files = {DEV: "namespace: x\nimages:\n- name: b\n  newTag: '1'\n"}
    answer = EntryAnswer(failure=RenderFailure(code, "lost"))
    found = search(files, [overlay("dev", deployment("a"))], Asked(answer))
    assert [each.undecided for each in found] == ([undecided] if undecided else [])


class Memory:
    """Remembers in a dict; implements the Memory port."""

    def __init__(self) -> None:
        self.known: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        return self.known.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        self.known[key] = value


QUESTION = EntryQuestion("overlays/dev", (), "images", 0, "digest")


def test_an_answer_is_remembered_as_long_as_what_decides_it_is_the_same() -> None:
    memory, first = Memory(), Asked(SOMETHING)
    assert RememberingMatcher(first, memory, ["engine"]).ask([QUESTION, QUESTION]) == [SOMETHING, SOMETHING]
    assert len(first.questions) == 1
    again = Asked(NOTHING)
    assert RememberingMatcher(again, memory, ["engine"]).ask([QUESTION]) == [SOMETHING]
    assert again.questions == []
    assert RememberingMatcher(again, memory, ["other engine"]).ask([QUESTION]) == [NOTHING]
    assert RememberingMatcher(again, memory, ["engine"]).ask([replace(QUESTION, inputs="b")]) == [NOTHING]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (replace(QUESTION, inputs=""), SOMETHING),
        (QUESTION, EntryAnswer(failure=RenderFailure("engine-died", "lost"))),
    ],
)
def test_what_depends_on_more_or_was_no_answer_is_not_remembered(
    question: EntryQuestion, answer: EntryAnswer
) -> None:
    memory = Memory()
    assert RememberingMatcher(Asked(answer), memory, ["engine"]).ask([question]) == [answer]
    assert memory.known == {}
