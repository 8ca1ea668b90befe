"""The page about byte-minimal edits shows what Kustomize and Sealock really do."""

from __future__ import annotations

import difflib
import re
import subprocess
from pathlib import Path

import pytest
from bench.rivals import KUSTOMIZE, install

from sealock.app.image_sites import edit, find_sites
from sealock.config.settings import defaults
from sealock.domain.promotion import ImagePin
from sealock.domain.service_overlays import ServiceOverlay

PAGE = (Path(__file__).parents[2] / "docs" / "explanation" / "byte-minimal-edits.md").read_text()
BEFORE, THEIRS, OURS = re.findall(r"^```(?:yaml|diff)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PIN = ImagePin("ghcr.io/acme/api", "", "1.4.2", f"sha256:{'2' * 64}")


def diff(after: str) -> str:
    lines = difflib.unified_diff(BEFORE.splitlines(keepends=True), after.splitlines(keepends=True))
    return "".join(list(lines)[2:])


@pytest.mark.differential
@pytest.mark.timeout(900)
def test_kustomize_does_what_the_page_shows(tmp_path: Path) -> None:
    file = tmp_path / "kustomization.yaml"
    file.write_text(BEFORE)
    command = [str(install(KUSTOMIZE)), "edit", "set", "image", f"{PIN.name}:{PIN.tag}@{PIN.digest}"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    assert diff(file.read_text()) == THEIRS


def test_sealock_does_what_the_page_shows() -> None:
    overlay = ServiceOverlay("api", "production", "api", "api/kustomization.yaml")
    texts: dict[str, str] = {overlay.file: BEFORE}

    def read_text(path: str) -> str:
        if path in texts:
            return texts[path]
        raise FileNotFoundError(path)

    sites = find_sites(read_text, overlay, defaults())
    site = next(each for each in sites if each.pin.name == PIN.name)
    assert diff(edit(site, BEFORE, PIN, "comment")) == OURS


def test_the_page_counts_the_comments_that_kustomize_loses() -> None:
    gone, come = (
        {line.partition("# ")[2] for line in THEIRS.splitlines() if line.startswith(sign) and "# " in line}
        for sign in "-+"
    )
    assert len(gone - come) == 3
    assert "Three comments are gone" in PAGE
