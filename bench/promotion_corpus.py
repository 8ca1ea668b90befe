"""A Git repository with a long history of promotions, the same bytes at each run, in seconds.

python bench/promotion_corpus.py FOLDER [--services 300] [--commits 10000] [--gates]

Each service's dev overlay is bumped by hand, as a build does it; its digests then move on by promotions
with Sealock's own messages, with some trains, rollbacks and hotfixes between.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sealock.domain.promotion import Branch, Car, GateResult, ImageMove, ImagePin, Override, PromotionPlan
from sealock.domain.promotion_message import message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from sealock.domain.promotion import Action

ENVIRONMENTS = ("dev", "staging", "production")
_PEOPLE = ("Ada <ada@example.com>", "Grace <grace@example.com>", "Lin <lin@example.com>")
_BEGIN = 1_750_000_000
_STEP_SECONDS = 1_800
_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
spec:
  selector:
    matchLabels: {app: NAME}
  template:
    metadata:
      labels: {app: NAME}
    spec:
      containers:
        - name: NAME
          image: ghcr.io/acme/NAME
"""
_PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
spec:
  replicas: 2
"""
_OVERLAY = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: NAME-ENVIRONMENT
resources:
  - ../../base
patches:
  - path: replica-patch.yaml
images:
  - name: ghcr.io/acme/NAME
    digest: DIGEST # TAG
"""
_SETTINGS = """\
environments:
  dev: {}
  staging: {after: dev, gates: [healthy, {soak: 30m}]}
  production:
    after: staging
    gates: [healthy, {soak: 4h}, {freeze: {from: "Fri 16:00", to: "Mon 08:00", zone: Europe/Berlin}}]
"""


class Release(NamedTuple):
    """What a service's build made: its tag and digest."""

    tag: str
    digest: str


class _Commit(NamedTuple):
    """What one commit says and which overlays get which release."""

    message: str
    changes: dict[tuple[str, str], Release]


class History:
    """Services on their way through the environments: what runs where, and the next thing that happens."""

    def __init__(self, services: int, seed: int = 5) -> None:
        """Begin with release 0 everywhere."""
        self.services = [f"service-{number:04d}" for number in range(services)]
        self._random = random.Random(seed)  # noqa: S311 - the same history each time
        self._built = dict.fromkeys(self.services, 0)
        self.runs = {(name, each): self._release(name) for name in self.services for each in ENVIRONMENTS}

    def _release(self, service: str) -> Release:
        number = self._built[service]
        digest = hashlib.sha256(f"{service} {number}".encode()).hexdigest()
        return Release(f"1.{number}.0", f"sha256:{digest}")

    def commit(self) -> _Commit:
        """Return the next commit: mostly a promotion."""
        dice = self._random.random()
        service = self._random.choice(self.services)
        if dice < 0.30:  # noqa: PLR2004 - three in ten are builds
            return self._build(service)
        if dice < 0.31:  # noqa: PLR2004 - one in a hundred goes back
            return self._move("rollback", (service,), "production", self._release_before(service))
        if dice < 0.312:  # noqa: PLR2004 - two in a thousand are in a hurry
            self._built[service] += 1
            return self._move("hotfix", (service,), "production", self._release(service))
        target = "staging" if dice < 0.7 else "production"  # noqa: PLR2004 - the rest, one half each
        source = ENVIRONMENTS[ENVIRONMENTS.index(target) - 1]
        ready = [each for each in self.services if self.runs[each, source] != self.runs[each, target]]
        if not ready:
            return self._build(service)
        most = 1 if dice < 0.95 else 3  # noqa: PLR2004 - one in twenty is a train
        return self._move("promote", tuple(sorted(self._random.sample(ready, min(most, len(ready))))), target)

    def _build(self, service: str) -> _Commit:
        self._built[service] += 1
        release = self._release(service)
        self.runs[service, "dev"] = release
        return _Commit(f"ci: {service} {release.tag}\n", {(service, "dev"): release})

    def _release_before(self, service: str) -> Release:
        number = int(self.runs[service, "production"].tag.split(".")[1])
        digest = hashlib.sha256(f"{service} {max(0, number - 1)}".encode()).hexdigest()
        return Release(f"1.{max(0, number - 1)}.0", f"sha256:{digest}")

    def _move(
        self, action: Action, services: tuple[str, ...], target: str, release: Release | None = None
    ) -> _Commit:
        source = ENVIRONMENTS[ENVIRONMENTS.index(target) - 1] if action == "promote" else ""
        changes = {(each, target): release or self.runs[each, source] for each in services}
        cars = tuple(
            Car(
                each,
                source,
                target,
                (f"services/{each}/overlays/{target}",),
                (ImageMove(_image(each), self._pin(each, target), _pin(each, changes[each, target])),),
            )
            for each in services
        )
        self.runs |= changes
        plan = PromotionPlan(
            action, Branch("", "main"), "", "", target, cars, (), "",
            gates=(GateResult("healthy", target, "pass", "healthy for 3h"),), rendered=(),
            author=_PEOPLE[0], created="2026-01-01T00:00:00Z",
            override=Override() if source else Override("it is on fire", "Grace <grace@example.com>"),
        )  # fmt: skip
        digest = hashlib.sha256(repr(changes).encode()).hexdigest()
        return _Commit(message(plan, f"sha256:{digest}"), changes)

    def _pin(self, service: str, environment: str) -> ImagePin:
        return _pin(service, self.runs[service, environment])


def _image(service: str) -> str:
    return f"ghcr.io/acme/{service}"


def _pin(service: str, release: Release) -> ImagePin:
    return ImagePin(_image(service), "", release.tag, release.digest)


def _first_files(history: History, *, gates: bool) -> Iterator[tuple[str, str]]:
    if gates:
        yield "sealock.yaml", _SETTINGS
    for name in history.services:
        folder = f"services/{name}"
        yield f"{folder}/base/kustomization.yaml", "resources:\n  - deployment.yaml\n"
        yield f"{folder}/base/deployment.yaml", _DEPLOYMENT.replace("NAME", name)
        for each in ENVIRONMENTS:
            yield f"{folder}/overlays/{each}/replica-patch.yaml", _PATCH.replace("NAME", name)
            yield _overlay(name, each, history.runs[name, each])


def _overlay(service: str, environment: str, release: Release) -> tuple[str, str]:
    text = _OVERLAY.replace("NAME", service).replace("ENVIRONMENT", environment)
    text = text.replace("DIGEST", release.digest).replace("TAG", release.tag)
    return f"services/{service}/overlays/{environment}/kustomization.yaml", text


def write_promotions(
    folder: Path, services: int, commits: int, *, gates: bool = False, seed: int = 5
) -> None:
    """Write the repository: a commit with all files, and `commits` - 1 more, checked out on `main`."""
    folder.mkdir(parents=True)
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True)
    history = History(services, seed)
    with subprocess.Popen([*git, "fast-import", "--quiet"], stdin=subprocess.PIPE) as process:
        if process.stdin is None:
            message = "git fast-import has no input"
            raise RuntimeError(message)
        _write_commit(process.stdin, 0, "everything\n", _first_files(history, gates=gates))
        for number in range(1, commits):
            made = history.commit()
            files = (_overlay(*place, release) for place, release in made.changes.items())
            _write_commit(process.stdin, number, made.message, files)
    if process.returncode:
        message = "git fast-import failed"
        raise RuntimeError(message)
    # As a clone would have it: packed, with a graph of the commits.
    subprocess.run([*git, "repack", "-adq", "--window=10"], check=True)
    subprocess.run([*git, "commit-graph", "write", "--reachable", "--no-progress"], check=True)
    subprocess.run([*git, "reset", "--quiet", "--hard"], check=True)


def _write_commit(into: IO[bytes], number: int, text: str, files: Iterator[tuple[str, str]]) -> None:
    who = _PEOPLE[number % len(_PEOPLE)]
    when = f"{who} {_BEGIN + number * _STEP_SECONDS} +0000"
    body = text.encode()
    into.write(f"commit refs/heads/main\nauthor {when}\ncommitter {when}\ndata {len(body)}\n".encode())
    into.write(body)
    for path, content in files:
        data = content.encode()
        into.write(f"M 100644 inline {path}\ndata {len(data)}\n".encode())
        into.write(data)
        into.write(b"\n")
    into.write(b"\n")


def main() -> None:
    """Write a repository."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--services", type=int, default=300)
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--gates", action="store_true")
    options = parser.parse_args()
    write_promotions(options.folder, options.services, options.commits, gates=options.gates)


if __name__ == "__main__":
    main()
