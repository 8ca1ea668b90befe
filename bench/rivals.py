"""Builds what users would run otherwise, from its Go modules: kubectl, kustomize, kubeconform."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".cache" / "tools"
KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.8.1"
KUBECONFORM = "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0"
KUBERNETES = "1.36.0"


class Rivals(NamedTuple):
    """Programs by path, and the folder of schemas for kubeconform."""

    kubectl: Path
    kustomize: Path
    kubeconform: Path
    schemas: Path


def find_go() -> str:
    """Return the Go that `make` puts on PATH. Exits when there is none."""
    go = shutil.which("go")
    return go or sys.exit("no Go on PATH: run this through make")


def install(package: str) -> Path:
    """`go install` a package at a version into the tools folder, once; return the program."""
    name = package.split("@", maxsplit=1)[0].removesuffix("/v5").rsplit("/", 1)[-1]
    folder = TOOLS / package.rsplit("@", 1)[1] / name
    program = folder / name
    if not program.exists():
        environment = os.environ | {"GOBIN": str(folder), "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}
        subprocess.run([find_go(), "install", "-ldflags=-s -w", package], env=environment, check=True)
    return program


def _kubectl() -> Path:
    program = TOOLS / "v1.36.3" / "kubectl"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        stamp = "-X k8s.io/component-base/version.gitVersion=v1.36.3"
        subprocess.run(
            [find_go(), "build", "-trimpath", f"-ldflags=-s -w {stamp}", "-o", str(program), "."],
            cwd=ROOT / "bench" / "tools" / "kubectl",
            check=True,
        )
    return program


def _references(node: Any) -> set[str]:  # noqa: ANN401 - a decoded JSON Schema
    if isinstance(node, dict):
        own = {node["$ref"].rsplit("/", 1)[1]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(_references, node.values()))
    if isinstance(node, list):
        return set().union(*map(_references, node))
    return set()


def _standalone_schemas() -> Path:
    """Write kubernetes-validate's strict schemas with their definitions inside, as kubeconform wants them."""
    folder = TOOLS / f"schemas-{KUBERNETES}"
    if folder.exists():
        return folder
    spec = find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        sys.exit("kubernetes-validate is not installed: run `make env`")
    source = Path(spec.origin).parent / "kubernetes-json-schema" / f"v{KUBERNETES}-local-strict"
    definitions = json.loads((source / "_definitions.json").read_text())["$defs"]
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for path in sorted(source.glob("*.json")):
        if path.name in {"_definitions.json", "all.json"}:
            continue
        schema = json.loads(path.read_text())
        todo, done = _references(schema), set[str]()
        while todo:
            name = todo.pop()
            done.add(name)
            todo |= _references(definitions[name]) - done
        schema["$defs"] = {name: definitions[name] for name in sorted(done)}
        text = json.dumps(schema).replace("/api/_definitions.json#/$defs/", "#/$defs/")
        (partial / path.name).write_text(text)
    partial.rename(folder)
    return folder


def build() -> Rivals:
    """Build or find every rival; minutes the first time."""
    return Rivals(_kubectl(), install(KUSTOMIZE), install(KUBECONFORM), _standalone_schemas())


if __name__ == "__main__":
    for field, value in build()._asdict().items():
        print(f"{field}\t{value.relative_to(ROOT)}")
