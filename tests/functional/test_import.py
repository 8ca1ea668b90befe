"""`sealock import`: the contract from elsewhere is checked as hostile input, and taken or refused whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from sealock.adapters.work_tree import DiskWorkTree
from sealock.app.import_applications import Imported, Repository, plan
from sealock.errors import Undecided, UsageError
from sealock.ports import PermitProblem, SchemaProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.domain.settings import KnownCluster
    from sealock.ports import PermitQuestion

EXAMPLE = Path(__file__).parents[2] / "examples" / "platform"
GOOD = (EXAMPLE / "applications" / "ledger-dev.yaml").read_text().replace("ledger-dev", "audit-dev")


class StrictSchemas:
    """Knows Applications only: `spec.project` must be text, and `spec.unknown` is unknown."""

    def validate(self, manifest: dict[str, Any]) -> tuple[SchemaProblem, ...] | None:
        if manifest.get("apiVersion") != "argoproj.io/v1alpha1":
            return None
        spec = manifest.get("spec") or {}
        found = (
            [] if isinstance(spec.get("project"), str) else [SchemaProblem(("spec", "project"), "is no text")]
        )
        return (*found, *([SchemaProblem(("spec", "unknown"), "unknown field")] if "unknown" in spec else []))

    def with_definitions(self, definitions: Sequence[dict[str, Any]]) -> StrictSchemas:
        del definitions
        return self

    def describe(self) -> str:
        return "a schema for tests"


class NamespacePolicy:
    """Permits the namespaces that a project lists as destinations."""

    def permit(
        self,
        projects: Sequence[dict[str, Any]],
        questions: Sequence[PermitQuestion],
        definitions: Sequence[dict[str, Any]] = (),
        clusters: Sequence[KnownCluster] = (),
    ) -> list[tuple[PermitProblem, ...]]:
        del definitions, clusters
        listed = {
            project["metadata"]["name"]: {each["namespace"] for each in project["spec"]["destinations"]}
            for project in projects
        }
        answers: list[tuple[PermitProblem, ...]] = []
        for question in questions:
            spec = question.application["spec"]
            permitted = spec["destination"]["namespace"] in listed[spec["project"]]
            problem = PermitProblem("spec.destination", "destination is not permitted")
            answers.append(() if permitted else (problem,))
        return answers

    def validate(self, projects: Sequence[dict[str, Any]]) -> list[tuple[PermitProblem, ...]]:
        return [() for _ in projects]


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "platform"))


def _import(
    repo: Path, *entries: tuple[str, str], overwrite: bool = False, document: bytes | None = None
) -> Imported:
    tree = DiskWorkTree(str(repo))
    contract = {"applications": [{"filename": name, "content": text} for name, text in entries]}
    content = json.dumps(contract).encode() if document is None else document
    found = plan(content, Repository(tree, tree, StrictSchemas(), NamespacePolicy()), overwrite=overwrite)
    tree.write(found.changes)
    return found


def _reasons(found: Imported) -> list[str]:
    return [f"{reason.where}: {reason.message}" for reason in found.reasons]


def test_a_good_application_is_written_byte_for_byte(repo: Path) -> None:
    found = _import(repo, ("audit-dev.yaml", GOOD))

    assert (found.reasons, [change.path for change in found.changes]) == ((), ["applications/audit-dev.yaml"])
    assert (repo / "applications/audit-dev.yaml").read_text() == GOOD


def test_the_generator_s_own_contract_comes_in_unchanged(repo: Path) -> None:
    files = sorted((repo / "applications").iterdir())

    found = _import(repo, *((f"applications/{each.name}", each.read_text()) for each in files))

    assert (found.reasons, found.changes, found.unchanged) == ((), (), 15)


@pytest.mark.parametrize(
    "name",
    [
        "../audit-dev.yaml",
        "/etc/audit-dev.yaml",
        "applications/../audit-dev.yaml",
        "applications//audit-dev.yaml",
        "services/audit-dev.yaml",
        "audit-dev.yml",
        "audit-dev.yaml\n",
        "Audit-dev.yaml",
        "audit\u0000.yaml",
        ".yaml",
        "-a.yaml",
        "C:\\audit.yaml",
        "a" * 254 + ".yaml",
        "",
    ],
)
def test_a_name_that_is_no_plain_application_file_is_refused(repo: Path, name: str) -> None:
    found = _import(repo, (name, GOOD))

    assert [str(reason.where) for reason in found.reasons] == ["applications[0].filename"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "kind: Application",
            "kind: ClusterRoleBinding",
            "2:7: kind must be 'Application', not 'ClusterRoleBinding'",
        ),
        (
            "namespace: argocd",
            "namespace: kube-system",
            "5:14: metadata.namespace must be 'argocd', not 'kube-system'",
        ),
        ("name: audit-dev", "name: other", "4:9: metadata.name must be 'audit-dev', not 'other'"),
        (
            "spec:\n",
            "operation:\n  sync: {}\nspec:\n",
            "13:3: field 'operation' is not allowed in an imported Application",
        ),
        (
            "  labels:\n",
            "  ownerReferences: []\n  labels:\n",
            "6:20: field 'metadata.ownerReferences' is not allowed here",
        ),
        ("project: payments", "project: 7", "13:12: spec.project: is no text"),
        ("project: payments", "project: nowhere", "13:12: project 'nowhere' is not in this repository"),
        ("namespace: payments", "namespace: kube-system", "19:5: destination is not permitted"),
        (
            "project: payments",
            "project: !!python/name:os.system x",
            "13:12: tag !!python/name:os.system is not allowed",
        ),
        ("spec:\n", "spec: &a\n  x: *a\n", "13:6: alias *a contains itself"),
        ("spec:\n", "spec:\n  project: x\n", "14:3: key 'project' stands twice, first at line 13, column 3"),
        (
            "spec:\n",
            "--- {}\n---\nspec:\n",
            "12:5: applications/audit-dev.yaml holds 3 documents; expected one",
        ),
        ("spec:\n", "# \u202egnirts\nspec:\n", "12:3: character U+202E hides how the text really reads"),
    ],
)
def test_what_no_application_from_elsewhere_may_hold_is_refused_at_its_place(
    repo: Path, old: str, new: str, expected: str
) -> None:
    assert old in GOOD

    found = _import(repo, ("audit-dev.yaml", GOOD.replace(old, new, 1)))

    assert [each for each in _reasons(found) if f"applications/audit-dev.yaml:{expected}" in each] != []
    assert not (repo / "applications/audit-dev.yaml").exists()


def test_an_alias_bomb_is_refused(repo: Path) -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"

    assert len(_import(repo, ("audit-dev.yaml", bomb)).reasons) == 1


def test_one_bad_application_refuses_all_of_them_with_every_reason(repo: Path) -> None:
    before = sorted((repo / "applications").iterdir())
    bad = GOOD.replace("kind: Application", "kind: Pod").replace("namespace: argocd", "namespace: x")

    found = _import(repo, ("good-dev.yaml", GOOD.replace("audit-dev", "good-dev")), ("audit-dev.yaml", bad))

    assert (found.changes, len(found.reasons)) == ((), 2)
    assert sorted((repo / "applications").iterdir()) == before


def test_two_entries_for_one_file_are_refused(repo: Path) -> None:
    found = _import(repo, ("audit-dev.yaml", GOOD), ("applications/audit-dev.yaml", GOOD))

    assert _reasons(found) == [
        "applications[1].filename: applications/audit-dev.yaml stands twice in the input"
    ]


def test_a_file_with_other_content_is_replaced_only_when_asked(repo: Path) -> None:
    text = (repo / "applications/ledger-dev.yaml").read_text().replace("limit: 5", "limit: 6")

    found = _import(repo, ("ledger-dev.yaml", text))
    assert _reasons(found) == [
        "applications/ledger-dev.yaml: exists with other content; --overwrite replaces it"
    ]
    assert _import(repo, ("ledger-dev.yaml", text), overwrite=True).reasons == ()
    assert (repo / "applications/ledger-dev.yaml").read_text() == text


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"applications": [{"filename": "a.yaml"}]}',
        b'{"applications": [{"filename": "a.yaml", "content": 1}]}',
        b'{"applications": [{"filename": "a.yaml", "content": "", "mode": 511}]}',
        b'{"applications": "\xff"}',
        b"[" * 100_000,
        b" " * (33 * 1024 * 1024),
    ],
)
def test_input_that_is_not_the_contract_is_a_usage_error(repo: Path, document: bytes) -> None:
    with pytest.raises(UsageError) as wrong:
        _import(repo, document=document)

    assert wrong.value.exit_code == 2


def test_an_unknown_schema_is_undecided_and_not_a_pass(repo: Path) -> None:
    with pytest.raises(Undecided):
        _import(repo, ("audit-dev.yaml", GOOD.replace("v1alpha1", "v9")))


def test_the_refusal_of_an_existing_link_writes_nothing(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("mine\n")
    shutil.rmtree(repo / "applications")
    (repo / "applications").symlink_to(tmp_path)

    with pytest.raises(Exception, match=r"leads out of the repository|symbolic link"):
        _import(repo, ("outside.yaml", GOOD.replace("audit-dev", "outside")), overwrite=True)

    assert (tmp_path / "outside.yaml").read_text() == "mine\n"


def test_messages_name_the_place_and_the_expectation(repo: Path) -> None:
    found = _import(repo, ("../../etc/passwd", GOOD), ("audit-dev.yaml", "[]"))

    assert _reasons(found) == snapshot(
        [
            "applications/audit-dev.yaml: holds no Application",
            'applications[0].filename: "../../etc/passwd" is refused; expected applications/NAME.yaml',
        ]
    )
