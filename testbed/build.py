"""Builds the test bed's programs: the control plane (etcd and kube-apiserver in one), and an OCI registry.

python testbed/build.py

Builds both, and prints the control plane's path. They are kept in `.cache/testbed/`, each under a hash of
what it is made from.
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
    version = kubernetes()
    major, minor = version.removeprefix("v").split(".")[:2]
    stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    stamp = " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in stamps.items())
    return _built("control-plane", go, stamp)


def registry(go: str = "go") -> Path:
    """Return the OCI registry, built first when its sources changed. Raises CalledProcessError."""
    return _built("registry", go)


def _built(name: str, go: str, stamp: str = "") -> Path:
    path = BUILT / f"{name}-{_key(name)}"
    if path.exists():
        return path
    BUILT.mkdir(parents=True, exist_ok=True)
    # Two test runners may build at once.
    partial = BUILT / f"{name}.{os.getpid()}.new"
    flags = f"-ldflags=-s -w {stamp}".strip()
    command = [go, "build", *FLAGS, flags, "-o", str(partial), f"./cmd/{name}"]
    # As the engine is built, so that one compilation serves both.
    environment = os.environ | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}
    print(f"building the {name}: of the control plane minutes the first time", file=sys.stderr)
    subprocess.run(command, cwd=MODULE, env=environment, check=True)
    for old in BUILT.glob(f"{name}-*"):
        if old != path:
            old.unlink(missing_ok=True)
    return partial.rename(path)


def _key(name: str) -> str:
    digest = hashlib.sha256(" ".join(FLAGS).encode())
    sources = sorted((MODULE / "cmd" / name).rglob("*.go"))
    for path in (MODULE / "go.mod", MODULE / "go.sum", *sources):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    registry()
    print(program())
