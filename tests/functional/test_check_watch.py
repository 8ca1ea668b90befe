"""`sealock check --watch` on real files, as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: ledger}
spec:
  selector: {matchLabels: {app: ledger}}
  template:
    metadata: {labels: {app: ledger}}
    spec: {containers: [{name: ledger, image: "ghcr.io/acme/ledger:1.4.2"}]}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "ledger").mkdir(parents=True)
    (folder / "ledger" / "deployment.yaml").write_text(DEPLOYMENT)
    (folder / "ledger" / "kustomization.yaml").write_text(
        "namespace: payments\nresources: [deployment.yaml]\n"
    )
    (folder / "sealock.yaml").write_text("versions: {kubernetes: '1.36', argocd: '3.5'}\n")
    return folder


@contextmanager
def watching(repository: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "sealock", "check", "--watch", "--repo", str(repository), *options]
    environment = {**os.environ, "SEALOCK_CACHE_DIR": str(repository.parent / "cache")}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=subprocess.STDOUT, text=True, env=environment, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def round_of(output: IO[str] | None) -> str:
    """Return what is printed up to the next "watching", or up to an error."""
    assert output is not None
    text = ""
    for line in output:
        text += line
        if "; watching" in line or line.startswith("  help:"):
            break
    return text


def test_what_is_edited_is_checked_again(repository: Path) -> None:
    with watching(repository) as process:
        assert "0 errors" in round_of(process.stdout)
        file = repository / "ledger" / "deployment.yaml"
        file.write_text(DEPLOYMENT.replace("selector:", "selectors:"))
        found = round_of(process.stdout)
        assert "error[api-server-refuses]" in found
        file.write_text(DEPLOYMENT)
        # The help of the finding ends a round of this test, not one of the watch.
        while "0 errors" not in (found := round_of(process.stdout)):
            assert found


def test_new_settings_hold_at_once(repository: Path) -> None:
    with watching(repository) as process:
        assert "Kubernetes 1.36" in round_of(process.stdout)
        (repository / "sealock.yaml").write_text("policy: {rules: {nonsense: 'off'}}\n")
        while "error: sealock.yaml" not in (found := round_of(process.stdout)):
            assert found
        (repository / "sealock.yaml").write_text("versions: {kubernetes: '1.35', argocd: '3.5'}\n")
        while "Kubernetes 1.35" not in (found := round_of(process.stdout)):
            assert found


def test_an_interrupt_ends_it_and_its_engines(repository: Path) -> None:
    with watching(repository) as process:
        round_of(process.stdout)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=30) == 130
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)


@pytest.mark.parametrize("options", [["--since", "HEAD"], ["ledger"], ["--format", "json"]])
def test_what_it_cannot_be_combined_with_is_refused(repository: Path, options: list[str]) -> None:
    with watching(repository, *options) as process:
        assert process.wait(timeout=30) == 2
