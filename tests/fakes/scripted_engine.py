"""A stand-in for the engine that speaks its protocol and does what each overlay's name says.

`hang`, `die`, `exit`, `garbage`, `strange`, `deadline`, `big`: the misbehaviour of that name. Any other
overlay renders one ConfigMap made of the kustomization's text and of the files that its lines
`read: PATH` name; `refuse: TEXT` makes it fail, `uncacheable: WHY` says that the trace is not all.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any


def say(**fields: object) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


class Tracer:
    def __init__(self, root: str) -> None:
        self.root = Path(root)
        self.entries: dict[str, dict[str, Any]] = {}

    def _walk(self, path: str) -> str | None:
        """Follow links and note what was met; None where nothing is."""
        real = Path()
        for part in Path(path).parts:
            real = Path(os.path.normpath(real / part))
            full = self.root / real
            try:
                found = full.lstat()
            except OSError:
                self.entries[str(real)] = {"path": str(real), "kind": "absent"}
                return None
            if full.is_symlink():
                target = str(full.readlink())
                self._note(str(real), "symlink", target.encode(), found)
                followed = self._walk(os.path.normpath(real.parent / target))
                if followed is None:
                    return None
                real = Path(followed)
        return str(real)

    def _note(self, real: str, kind: str, content: bytes, found: os.stat_result) -> None:
        self.entries[real] = {
            "path": real,
            "kind": kind,
            "digest": hashlib.sha256(content).hexdigest(),
            "inode": found.st_ino,
            "size_bytes": found.st_size,
            "mtime_ns": found.st_mtime_ns,
            "ctime_ns": found.st_ctime_ns,
        }

    def read(self, path: str) -> str | None:
        real = self._walk(path)
        if real is None:
            return None
        full = self.root / real
        found = full.stat()
        if full.is_dir():
            names = b"".join(sorted(os.fsencode(each.name) + b"\n" for each in full.iterdir()))
            self._note(real, "directory", names or b"\n", found)
            return names.decode()
        content = full.read_bytes()
        self._note(real, "file", content, found)
        return content.decode()


def render(root: str, overlay: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    tracer = Tracer(root)
    for name in ("kustomization.yaml", "kustomization.yml"):
        text = tracer.read(f"{overlay}/{name}")
        if text is not None:
            break
    else:
        problem = {"code": "not-found", "message": f"no kustomization in {overlay}", "file": overlay}
        return None, problem | {"trace": list(tracer.entries.values())}
    data = {"kustomization": text}
    for line in text.splitlines():
        key, _, value = line.partition(": ")
        if key == "read":
            data[value] = str(tracer.read(os.path.normpath(f"{overlay}/{value}")))
        if key == "refuse":
            place = {"file": f"{overlay}/{name}", "line": 1, "column": 1}
            problem = {"code": "build-failed", "message": value}
            return None, problem | place | {"trace": list(tracer.entries.values())}
        if key == "uncacheable":
            tracer.entries[value] = {"path": value, "kind": "uncacheable"}
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": overlay}, "data": data}
    entry = {"manifest": manifest, "origin": {"file": f"{overlay}/{name}"}}
    found = {"objects": [entry], "yaml": json.dumps(manifest) + "\n", "trace": list(tracer.entries.values())}
    return found, None


def named(item: dict[str, Any]) -> str:
    """Return the name of the object to judge, so that a name can misbehave there, too."""
    return str(item.get("object", {}).get("metadata", {}).get("name", ""))


def misbehave(request: int, item: int, overlay: str) -> bool:
    name = overlay.rpartition("/")[2].partition(".")[0]
    if name == "hang":
        signal.pause()
    elif name == "die":
        sys.stderr.write("fatal: out of patience\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    elif name == "exit":
        sys.exit(7)
    elif name == "garbage":
        sys.stdout.write("panic: not JSON\n")
        sys.stdout.flush()
        signal.pause()
    elif name == "strange":
        say(id=request + 1000, item=item, ok={})
    elif name == "deadline":
        say(id=request, item=item, error={"code": "deadline-exceeded", "message": "too slow"})
        sys.exit(4)
    elif name == "big":
        say(id=request, item=item, ok={"objects": [], "yaml": "x" * 3_000_000, "trace": []})
    else:
        return False
    return True


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        number = request["id"]
        for index, item in enumerate(request["items"]):
            overlay = item.get("overlay", "") or named(item)
            if misbehave(number, index, overlay):
                continue
            if request["op"] == "version":
                say(id=number, item=index, ok={"fingerprint": "scripted"})
            elif request["op"] == "environment":
                say(id=number, item=index, ok=dict(os.environ))
            elif request["op"] == "render":
                ok, error = render(request["params"]["root"], overlay)
                say(id=number, item=index, **({"ok": ok} if ok else {"error": error}))
            elif request["op"] == "admit":
                name = item["object"]["metadata"]["name"]
                say(id=number, item=index, ok={"errors": [["metadata.name", name]], "undecided": ""})
            elif request["op"] == "permit":
                name = item["application"]["metadata"]["name"]
                known = [each["metadata"]["name"] for each in request["params"]["projects"]]
                say(
                    id=number,
                    item=index,
                    ok={"problems": [{"path": "spec.project", "message": f"{name} {known}"}]},
                )
            else:
                say(id=number, error={"code": "bad-request", "message": "unknown op"}, done=True)
                break
        else:
            say(id=number, done=True)


if __name__ == "__main__":
    main()
