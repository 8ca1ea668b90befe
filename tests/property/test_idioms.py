"""What is right gets no finding: idioms of real repositories, the example platform, the benchmarks' corpus.

Each file in `idioms` is one repository: a sentence, then its files, each after a line `-- PATH --`.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from bench.corpus import write_repository

from sealock.cli.main import run

pytestmark = pytest.mark.engine
HERE = Path(__file__).parent
PLATFORM = HERE.parents[1] / "examples" / "platform"
IDIOMS = sorted(HERE.glob("idioms/*.txtar"))
URL = "https://github.com/acme/platform.git"


def unpack(archive: Path, folder: Path) -> None:
    """Write the files of an archive."""
    _, *parts = re.split(r"^-- (.+) --\n", archive.read_text(), flags=re.MULTILINE)
    for path, text in zip(parts[::2], parts[1::2], strict=True):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def commit(folder: Path, remote: str = URL) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    for step in (["init", "-qb", "main"], ["remote", "add", "origin", remote], ["add", "."]):
        subprocess.run(["git", *step], cwd=folder, check=True, timeout=60)
    subprocess.run(["git", *identity, "commit", "-qm", "one"], cwd=folder, check=True, timeout=60)


def checked(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    *arguments: str,
) -> dict[str, Any]:
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(folder.parent / "cache"))
    monkeypatch.setenv("SEALOCK_ENGINES", "1")
    code = run(["check", "--repo", str(folder), "--format", "json", *arguments])
    printed = capfdbinary.readouterr()
    assert code in {0, 1, 3}, printed.err.decode()
    document: dict[str, Any] = json.loads(printed.out)
    return document


def told(document: dict[str, Any]) -> list[str]:
    """Return every finding and undecided check as a line."""
    return [
        f"{each['file']}:{each['line']}: {each.get('rule')}: {each['message']}"
        for each in (*document["findings"], *document["undecided"])
    ]


@pytest.mark.parametrize("archive", IDIOMS, ids=[each.stem for each in IDIOMS])
def test_an_idiom_gets_no_finding(
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "README.md").write_text("# Platform\n")
    commit(folder)
    unpack(archive, folder)
    document = checked(folder, monkeypatch, capfdbinary)
    assert told(document) == []
    added = told(checked(folder, monkeypatch, capfdbinary, "--since", "HEAD"))
    assert [each for each in added if ": waiver-added: " not in each] == []
    summary = document["summary"]
    # A check that looked at nothing would find nothing.
    assert summary["objects"] + summary["applications"] > 0


def test_the_example_platform_gets_no_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    folder = tmp_path / "repository"
    shutil.copytree(PLATFORM, folder)
    commit(folder, "https://github.com/acme/platform-manifests.git")
    document = checked(folder, monkeypatch, capfdbinary)
    assert told(document) == []
    assert document["summary"]["overlays"] == 15


def test_three_hundred_overlays_get_no_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    folder = tmp_path / "repository"
    write_repository(folder, 300)
    commit(folder)
    document = checked(folder, monkeypatch, capfdbinary)
    assert told(document) == []
    assert document["summary"]["overlays"] == 300
