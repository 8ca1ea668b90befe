"""Writes the schemas of Argo CD's custom resources, for each minor version that `check` knows.

    python tools/vendor_argocd_crds.py

Reads the CRDs from Argo CD's own Go modules, drops what only people read, and writes compact JSON,
compressed, one file a kind: the same bytes at each run.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from go_toolchain import on_path

MODULE = "github.com/argoproj/argo-cd/v3"
RELEASES = {"3.3": "v3.3.18", "3.4": "v3.4.13", "3.5": "v3.5.7"}
FILES = {
    "Application": "application-crd.yaml",
    "ApplicationSet": "applicationset-crd.yaml",
    "AppProject": "appproject-crd.yaml",
}
TARGET = Path(__file__).resolve().parent.parent / "src" / "sealock" / "schemas" / "argocd"


def main() -> None:
    """Write every file."""
    go = on_path() or shutil.which("go")
    if go is None:
        sys.exit("this needs a Go toolchain on PATH")
    for minor, release in RELEASES.items():
        folder = _module(go, release)
        for kind, file in FILES.items():
            crd = yaml.load((folder / "manifests" / "crds" / file).read_text(), Loader=yaml.CSafeLoader)
            target = TARGET / minor / f"{kind}.json.gz"
            target.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(essence(crd), separators=(",", ":"), sort_keys=True)
            target.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
        (TARGET / minor / "RELEASE").write_text(f"{MODULE} {release}\n")


def _module(go: str, release: str) -> Path:
    with tempfile.TemporaryDirectory() as nowhere:
        command = [go, "mod", "download", "-json", f"{MODULE}@{release}"]
        done = subprocess.run(command, cwd=nowhere, capture_output=True, text=True, check=True)
    return Path(json.loads(done.stdout)["Dir"])


def essence(crd: dict[str, Any]) -> dict[str, Any]:
    """Return the CRD with its names, scope and the schemas of what it serves, without descriptions."""
    spec = crd["spec"]
    return {
        "spec": {
            "group": spec["group"],
            "names": {"kind": spec["names"]["kind"]},
            "scope": spec["scope"],
            "versions": [
                {
                    "name": each["name"],
                    "served": True,
                    "schema": {"openAPIV3Schema": _plain(each["schema"]["openAPIV3Schema"])},
                }
                for each in spec["versions"]
                if each["served"]
            ],
        }
    }


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without descriptions; a property may still be called that."""
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            out[key] = {name: _plain(each) for name, each in value.items()}
        elif key in {"items", "not"} or (key == "additionalProperties" and isinstance(value, dict)):
            out[key] = _plain(value)
        elif key in {"allOf", "anyOf", "oneOf"}:
            out[key] = [_plain(each) for each in value]
        elif key not in {"description", "x-kubernetes-validations"}:
            out[key] = value
    return out


if __name__ == "__main__":
    main()
