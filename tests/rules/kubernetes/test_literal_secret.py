"""That what is reported as secret stays one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.cli.main import run

BAD = Path(__file__).parent / "literal_secret" / "bad"


@pytest.mark.engine
@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "gitlab", "junit"])
def test_no_report_prints_the_value(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path))
    assert run(["check", "--repo", str(BAD), "--format", form]) == 1
    printed = capfdbinary.readouterr().out
    assert b"literal-secret" in printed
    assert not [
        value for value in (b"correct9horse", b"Y29ycmVjdDlob3JzZQ", b"Xk29vPq81") if value in printed
    ]
