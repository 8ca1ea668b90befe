"""Kustomizations are read once, and again when they have changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sealock.app.read_kustomizations import remembered
from sealock.domain.overlays import discover

TEXTS = (
    "resources: [../base]\n",
    "resources:\n- ../../base\n- map.yaml\n",
    "kind: Component\n",
    "components: [../c]\n",
    "resources: [\n",
    "",
)
PATHS = tuple(f"{folder}/kustomization.yaml" for folder in ("a/overlays/dev", "a/base", "b", "base", "c"))


class Tree:
    """Files whose signatures are their contents, but for those that are `young`."""

    def __init__(self, texts: dict[str, str], young: frozenset[str] = frozenset()) -> None:
        self.texts = texts
        self.young = young
        self.read: list[str] = []

    def files(self) -> list[str]:
        return sorted(self.texts)

    def read_text(self, path: str) -> str:
        self.read.append(path)
        try:
            return self.texts[path]
        except KeyError:
            raise FileNotFoundError(path) from None

    def signature(self, path: str) -> bytes:
        return b"" if path in self.young else self.texts.get(path, "").encode() + b"."


class Store:
    """A memory."""

    def __init__(self) -> None:
        self.known: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        return self.known.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        self.known[key] = value


TREES = st.dictionaries(st.sampled_from(PATHS), st.sampled_from(TEXTS))


@given(trees=st.lists(TREES, min_size=1, max_size=4), young=st.frozensets(st.sampled_from(PATHS)))
def test_what_is_remembered_is_what_reading_gives(trees: list[dict[str, str]], young: frozenset[str]) -> None:
    memory = Store()
    for texts in trees:
        expected = discover(sorted(texts), Tree(texts).read_text)
        assert remembered(sorted(texts), Tree(texts, young), memory) == expected


def test_what_is_as_it_was_is_not_read() -> None:
    memory = Store()
    texts = dict.fromkeys(PATHS, TEXTS[1])
    remembered(PATHS, Tree(texts), memory)
    again = Tree(texts | {PATHS[2]: TEXTS[3]})
    remembered(PATHS, again, memory)
    assert again.read == [PATHS[2]]


def test_what_is_too_young_to_be_known_by_its_stat_is_read() -> None:
    memory = Store()
    texts = dict.fromkeys(PATHS, TEXTS[1])
    remembered(PATHS, Tree(texts), memory)
    again = Tree(texts, frozenset({PATHS[0]}))
    remembered(PATHS, again, memory)
    assert again.read == [PATHS[0]]


def test_a_file_that_is_gone_is_no_overlay() -> None:
    memory = Store()
    assert remembered(PATHS, Tree({}, frozenset(PATHS)), memory) == ()
