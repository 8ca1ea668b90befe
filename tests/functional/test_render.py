"""`sealock render` on real files, with the real engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from sealock.app.render import Tally, output_name
from sealock.cli.main import run
from sealock.domain.rendered import RenderFailure

pytestmark = pytest.mark.engine

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: 'on'}\n"
FAKE = str(Path(__file__).parents[1] / "fakes" / "scripted_engine.py")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository"
    for path, text in {
        "app/base/kustomization.yaml": "resources:\n- map.yaml\n",
        "app/base/map.yaml": MAP,
        "app/overlays/dev/kustomization.yaml": "resources:\n- ../../base\nnamespace: dev\n",
        "app/overlays/prod/kustomization.yaml": "resources:\n- ../../base\nnamespace: prod\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(root)
    return root


def test_an_overlay_is_printed_as_kustomize_prints_it(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del repository
    assert run(["render", "app/overlays/dev"]) == 0
    assert capsys.readouterr() == snapshot(
        (
            """\
apiVersion: v1
data:
  mode: "on"
kind: ConfigMap
metadata:
  name: settings
  namespace: dev
""",
            "",
        )
    )


def test_all_overlays_go_into_a_folder_one_file_each(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["render", "--all", "--repo", str(repository), "--out", str(tmp_path / "out")]) == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["app__overlays__dev.yaml", "app__overlays__prod.yaml"]
    assert capsys.readouterr() == ("", "overlays: 2 rendered, 2 written\n")


def test_a_file_that_would_not_change_is_left_alone(repository: Path, tmp_path: Path) -> None:
    command = ["render", "--all", "--out", str(tmp_path / "out"), "--quiet"]
    run(command)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    inodes = {path.name: path.stat().st_ino for path in (tmp_path / "out").iterdir()}
    kustomization = repository / "app" / "overlays" / "dev" / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text().replace("namespace: dev", "namespace: other"))
    run(command)
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert before["app__overlays__prod.yaml"] == after["app__overlays__prod.yaml"]
    assert inodes["app__overlays__dev.yaml"] != (tmp_path / "out" / "app__overlays__dev.yaml").stat().st_ino
    assert "namespace: other" in (tmp_path / "out" / "app__overlays__dev.yaml").read_text()


def test_json_is_one_line_for_each_overlay_with_origins(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del repository
    assert run(["render", "--all", "--format", "json", "--quiet"]) == 0
    lines = sorted(
        (json.loads(line) for line in capsys.readouterr().out.splitlines()), key=lambda line: line["overlay"]
    )
    assert [line["overlay"] for line in lines] == ["app/overlays/dev", "app/overlays/prod"]
    assert lines[0]["schema"] == 1
    assert lines[0]["objects"] == snapshot(
        [
            {
                "manifest": {
                    "apiVersion": "v1",
                    "data": {"mode": "on"},
                    "kind": "ConfigMap",
                    "metadata": {"name": "settings", "namespace": "dev"},
                },
                "origin": {
                    "file": "app/base/map.yaml",
                    "kind": "ConfigMap",
                    "name": "settings",
                    "generator": "",
                },
            }
        ]
    )


def test_an_overlay_that_does_not_build_is_named_with_its_place(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "app" / "overlays" / "dev" / "kustomization.yaml").write_text(
        "resources:\n- ../../base\n- nowhere.yaml\n"
    )
    assert run(["render", "--all", "--out", str(tmp_path / "out")]) == 1
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first.startswith("app/overlays/dev/kustomization.yaml:3:3: error: ")
    assert last == "overlays: 1 rendered, 1 written, 1 failed"


def test_a_remote_base_is_refused_with_its_line(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "app" / "overlays" / "dev" / "kustomization.yaml").write_text(
        "resources:\n- https://example.com/base?ref=v1\n"
    )
    assert run(["render", "app/overlays/dev"]) == 1
    assert capsys.readouterr().err.startswith("app/overlays/dev/kustomization.yaml:2:3: error: ")


def test_a_change_is_seen_at_once(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for mode in ("one", "two", "six"):
        (repository / "app" / "base" / "map.yaml").write_text(MAP.replace("'on'", mode))
        run(["render", "app/overlays/dev"])
        assert f"mode: {mode}\n" in capsys.readouterr().out


def test_an_overlay_is_relative_to_the_folder_one_is_in(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / ".git").mkdir()
    (repository / ".git" / "HEAD").touch()
    monkeypatch.chdir(repository / "app" / "overlays")
    assert run(["render", "prod"]) == 0
    assert "namespace: prod" in capsys.readouterr().out
    monkeypatch.chdir("prod")
    assert run(["render", "kustomization.yaml"]) == 0
    assert run(["render", "app/overlays/prod", "--repo", str(repository)]) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--all"],
        ["--all", "app"],
        ["a", "b"],
        ["--all", "--out", "x", "--format", "json"],
        ["../elsewhere"],
        ["a", "--out", "app/base/map.yaml"],
    ],
)
def test_what_cannot_be_done_as_written_is_a_usage_error(
    repository: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    del repository
    assert run(["render", *arguments]) == 2
    assert "rror: " in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "darwin", reason="its file names are always UTF-8")
def test_a_folder_whose_name_is_no_text_is_undecided_and_the_others_render(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strange = os.fsdecode(os.fsencode(repository / "strange") + b"\xff")
    Path(strange).mkdir()
    Path(strange, "kustomization.yaml").write_text("namePrefix: x-\n")
    assert run(["render", "--all", "--out", str(tmp_path / "out")]) == 3
    assert "the path is no UTF-8" in capsys.readouterr().err
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_without_an_engine_nothing_is_decided(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del repository
    monkeypatch.setenv("SEALOCK_ENGINE", "nowhere")
    assert run(["render", "app/overlays/dev"]) == 3
    assert capsys.readouterr().err == snapshot("""\
error: SEALOCK_ENGINE names no file: nowhere
  Unset it to use the packaged engine.
""")


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "engine"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "{FAKE}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("SEALOCK_ENGINE", str(program))


@pytest.mark.usefixtures("scripted")
def test_an_engine_that_dies_leaves_its_overlay_undecided(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("die", "fine"):
        (repository / name).mkdir()
        (repository / name / "kustomization.yaml").write_text("data: x\n")
    assert run(["render", "die", "fine", "--out", str(tmp_path / "out")]) == 3
    assert capsys.readouterr().err == snapshot("""\
die: error: die is undecided: the engine died on this item (by signal 9)
  fatal: out of patience
overlays: 1 rendered, 1 written, 1 undecided
""")


@pytest.mark.usefixtures("scripted")
def test_an_interrupt_stops_the_engines_and_exits_with_130(repository: Path) -> None:
    (repository / "hang").mkdir()
    (repository / "hang" / "kustomization.yaml").write_text("data: x\n")
    command = [sys.executable, "-m", "sealock", "render", "hang", "--no-cache"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        parent = psutil.Process(process.pid)
        while not (engines := parent.children()):
            assert process.poll() is None
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"interrupted" in errors
    assert psutil.wait_procs(engines, timeout=10)[1] == []


_path = st.lists(st.text("ab_%", min_size=1, max_size=3), min_size=1, max_size=3).map("/".join)


@given(one=_path, other=_path)
def test_no_two_overlays_share_a_file_name(one: str, other: str) -> None:
    assert (output_name(one) == output_name(other)) == (one == other)


def test_file_names_are_plain_where_they_can_be() -> None:
    assert output_name("services/ledger/overlays/dev") == "services__ledger__overlays__dev.yaml"
    assert output_name("my_app/prod") == "my_app__prod.yaml"
    assert output_name(".") == "_root.yaml"


@pytest.mark.parametrize(
    ("codes", "exit_code"),
    [
        ([], 0),
        (["build-failed"], 1),
        (["engine-died"], 3),
        (["build-failed", "internal"], 3),
        (["helm-failed"], 3),
    ],
)
def test_undecided_outranks_failed(codes: list[str], exit_code: int) -> None:
    tally = Tally()
    tally.count(None)
    for code in codes:
        tally.count(RenderFailure(code, "x"))
    assert tally.exit_code == exit_code
