"""What the ApplicationSets port promises, of the engine itself and behind a memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealock.adapters.engine import open_pool
from sealock.adapters.engine_expand import EngineApplicationSets, RememberingApplicationSets
from sealock.adapters.file_tree import RepositoryFiles
from sealock.adapters.verdict_cache import VerdictStore
from sealock.domain.settings import KnownCluster
from sealock.ports import ExpansionFacts, UnknownGenerator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sealock.ports import ApplicationSets

pytestmark = pytest.mark.engine
URL = "https://example.com/a.git"


def made_by(generator: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a set whose Applications are called `name`, a template."""
    source = {"repoURL": URL, "path": "x"}
    spec = {"project": "default", "source": source, "destination": {"name": "in-cluster"}}
    template = {"metadata": {"name": name}, "spec": spec}
    return {"metadata": {"name": "teams"}, "spec": {"generators": [generator], "template": template}}


LIST = made_by({"list": {"elements": [{"name": "b"}, {"name": "a"}]}}, "{{name}}")
FOLDERS = made_by({"git": {"repoURL": URL, "directories": [{"path": "*"}]}}, "{{path}}")
VALUES = made_by({"git": {"repoURL": URL, "files": [{"path": "*.yaml"}]}}, "{{name}}")
CLUSTERS = made_by({"clusters": {}}, "{{nameNormalized}}")


class ApplicationSetsContract:
    @pytest.fixture
    def sets(self, tmp_path: Path) -> Iterator[ApplicationSets]:
        raise NotImplementedError

    @pytest.fixture
    def facts(self, tmp_path: Path) -> ExpansionFacts:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "values.yaml").write_text(f"name: {name}-value\n")
        return ExpansionFacts(("one/values.yaml",), (URL,), ("main",), (KnownCluster("Dev", "https://dev"),))

    def names(self, sets: ApplicationSets, facts: ExpansionFacts, *asked: dict[str, Any]) -> list[list[str]]:
        found = sets.expand(asked, facts)
        return [[made.manifest["metadata"]["name"] for made in each.applications] for each in found]

    def test_answers_come_in_the_order_of_the_sets_and_sorted_by_name(
        self, sets: ApplicationSets, facts: ExpansionFacts
    ) -> None:
        expected = [["one"], ["a", "b"], ["one-value"], ["dev", "in-cluster"]]
        assert expected == self.names(sets, facts, FOLDERS, LIST, VALUES, CLUSTERS)

    def test_asking_again_gives_the_same(self, sets: ApplicationSets, facts: ExpansionFacts) -> None:
        asked = [FOLDERS, VALUES]
        assert sets.expand(asked, facts) == sets.expand(asked, facts)

    def test_a_changed_file_changes_the_answer(
        self, sets: ApplicationSets, facts: ExpansionFacts, tmp_path: Path
    ) -> None:
        self.names(sets, facts, VALUES)
        (tmp_path / "one/values.yaml").write_text("name: new\n")
        assert self.names(sets, facts, VALUES) == [["new"]]

    def test_what_no_fact_tells_is_undecided(self, sets: ApplicationSets) -> None:
        (found,) = sets.expand([CLUSTERS], ExpansionFacts(()))
        reason = "asks which clusters Argo CD knows, and none are declared"
        assert found.undecided == (UnknownGenerator("spec.generators[0].clusters", reason),)
        assert found.applications == ()


class TestEngineApplicationSets(ApplicationSetsContract):
    @pytest.fixture
    def sets(self, tmp_path: Path) -> Iterator[ApplicationSets]:
        with open_pool() as pool:
            yield EngineApplicationSets(pool, str(tmp_path))


class TestRememberingApplicationSets(ApplicationSetsContract):
    @pytest.fixture
    def sets(self, tmp_path: Path) -> Iterator[ApplicationSets]:
        store = VerdictStore(str(tmp_path), str(tmp_path / "cache"), cached=False)
        files = RepositoryFiles(str(tmp_path))
        with open_pool() as pool:
            engine = EngineApplicationSets(pool, str(tmp_path))
            yield RememberingApplicationSets(engine, store, "1", files.read_text)
