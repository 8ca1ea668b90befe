"""Builds the test bed's control plane: etcd and kube-apiserver in one program.

python testbed/build.py

Prints the program's path. It is kept in `.cache/testbed/` under a hash of what it is made from.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULE = ROOT / "testbed"
BUILT = ROOT / ".cache" / "testbed"
FLAGS = ("-trimpath", "-buildvcs=false")


def kubernetes() -> str:
    """Return the version of Kubernetes that the module builds, such as `v1.36.3`."""
    found = re.search(r"^\tk8s\.io/kubernetes (v\S+)$", (MODULE / "go.mod").read_text(), re.MULTILINE)
    if not found:
        message = "testbed/go.mod requires no k8s.io/kubernetes"
        raise RuntimeError(message)
    return found[1]


def program(go: str = "go") -> Path:
    """Return the control plane, built first when its sources changed. Raises CalledProcessError."""
    path = BUILT / f"control-plane-{_key()}"
    if path.exists():
        return path
    BUILT.mkdir(parents=True, exist_ok=True)
    version = kubernetes()
    major, minor = version.removeprefix("v").split(".")[:2]
    stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    stamp = " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in stamps.items())
    partial = BUILT / "control-plane.new"
    command = [go, "build", *FLAGS, f"-ldflags=-s -w {stamp}", "-o", str(partial), "./cmd/control-plane"]
    # As the engine is built, so that one compilation serves both.
    environment = os.environ | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}
    print("building etcd and kube-apiserver: minutes the first time", file=sys.stderr)
    subprocess.run(command, cwd=MODULE, env=environment, check=True)
    for old in BUILT.glob("control-plane-*"):
        old.unlink()
    return partial.rename(path)


def _key() -> str:
    digest = hashlib.sha256(" ".join(FLAGS).encode())
    for path in (MODULE / "go.mod", MODULE / "go.sum", *sorted(MODULE.rglob("*.go"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    print(program())
