"""A session of promotion in memory: a branch, its files and history, and a tiny stand-in for kustomize."""

from __future__ import annotations

import hashlib
import posixpath
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import yaml
from tests.fakes.deployed_branch import FakeDeployedBranch
from tests.fakes.gate_ports import FixedClock
from tests.fakes.registry import MemoryRegistry

from sealock.app.promotion.request import CatalogFacts, CheckedTree, Session
from sealock.config import settings
from sealock.domain.image_history import FileHistory, FileVersion
from sealock.domain.promotion import GateResult
from sealock.domain.rendered import Origin, Rendered, RenderedObject, RenderFailure, TraceEntry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sealock.domain.gate_question import GateQuestion
    from sealock.domain.settings import Gate
    from sealock.ports import RenderRequest

IMAGE = "registry.invalid/app"


def digest(letter: str) -> str:
    """Return a digest that is easy to tell from others."""
    return f"sha256:{letter * 64}"


def path(environment: str, service: str = "app") -> str:
    """Return the kustomization of a service in an environment."""
    return f"services/{service}/overlays/{environment}/kustomization.yaml"


def overlay(pin: str, name: str = IMAGE) -> str:
    """Return a kustomization that sets one image; `pin` is `digest: …` or `newTag: …`."""
    return f"resources: [../../base]\nimages:\n  - name: {name}\n    {pin}\n"


def platform(**pins: str) -> dict[str, str]:
    """Return the files of the service `app`, by environment the image that it has there."""
    return {path(environment): overlay(pin) for environment, pin in pins.items()}


class Lab:
    """Gives sessions at the newest commit of `branch`.

    `before` are earlier texts of files, newest first. `says` are what gates say, by kind; `findings` what
    a check finds. `why` cuts the history off.
    """

    def __init__(self, files: Mapping[str, str], settings_text: str = "") -> None:
        self.branch = FakeDeployedBranch({"sealock.yaml": settings_text or ORDER, **files})
        self.registry = MemoryRegistry()
        self.facts = CatalogFacts()
        self.before: dict[str, list[str]] = {}
        self.why = ""
        self.says: dict[str, GateResult] = {}
        self.findings: tuple[str, ...] = ()
        self.asked: list[str] = []

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give a session, as wiring does."""
        yield self.now()

    def now(self) -> Session:
        """Return a session at the newest commit."""
        base = self.branch.tip()
        files = MemoryTree(self.branch.files_of(base.tree))
        return Session(
            branch=self.branch,
            base=base,
            files=files,
            settings=settings.load(files.read_text("sealock.yaml")),
            configured=True,
            catalog=lambda: self.facts,
            blob=lambda each: self._blob(files, each),
            mentions=files.mentions,
            before=TinyRenderer(files),
            after=lambda tree: TinyRenderer(MemoryTree(self.branch.files_of(tree))),
            check=lambda *_: CheckedTree(self.findings),
            gates=self._gates,
            registry=self.registry,
            history=self,
            clock=FixedClock(),
            root_tree=base.tree,
        )

    def _blob(self, files: MemoryTree, path: str) -> str:
        there = path in files.files() and path not in self.branch.links
        return hashlib.sha1(files.read_text(path).encode()).hexdigest() if there else ""  # noqa: S324 - as Git

    def _gates(self, gates: Sequence[Gate], question: GateQuestion) -> tuple[GateResult, ...]:
        self.asked += [each.kind for each in gates]
        passed = {each.kind: GateResult(each.kind, question.environment, "pass", "fine") for each in gates}
        return tuple(self.says.get(kind, result) for kind, result in passed.items())

    def head(self) -> str:
        return self.branch.tip().commit

    def of(self, files: Sequence[str], most: int) -> FileHistory:
        """Return the files as they are, and what `before` says."""
        now = self.branch.files_of(self.branch.tip().tree)
        found = {
            file: tuple(
                FileVersion(f"{index}", 0, "", text)
                for index, text in enumerate(
                    [*([now[file]] if file in now else []), *self.before.get(file, [])]
                )
            )
            for file in files[:most]
        }
        return FileHistory(found, self.why)


ORDER = "environments:\n  dev: {}\n  staging: {after: dev}\n  production: {after: staging}\n"


class MemoryTree:
    """The files of one tree."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = dict(files)

    def files(self) -> Sequence[str]:
        return sorted(self._files)

    def read_text(self, name: str) -> str:
        if name not in self._files:
            raise FileNotFoundError(name)
        return self._files[name]

    def signature(self, name: str) -> bytes:
        del name
        return b""

    def mentions(self, texts: Collection[str]) -> list[str]:
        return [name for name, text in self._files.items() if any(each in text for each in texts)]


class TinyRenderer:
    """Makes one Pod of what `images` says, here and in the folders that `resources` names.

    Names in `images` are expressions, as those of kustomize are.

    A kustomization with `broken` in it does not render.
    """

    def __init__(self, tree: MemoryTree) -> None:
        self._tree = tree

    def render(self, request: RenderRequest) -> Iterator[Rendered]:
        for each in request.overlays:
            read: list[str] = []
            try:
                images = self._images(each, read)
            except ValueError as wrong:
                yield Rendered(each, failure=RenderFailure("build", str(wrong)))
                continue
            containers = [{"name": name, "image": image} for name, image in images.items()]
            manifest = {"kind": "Pod", "metadata": {"name": "app"}, "spec": {"containers": containers}}
            trace = tuple(TraceEntry(name, "file") for name in read)
            yield Rendered(each, [RenderedObject(manifest, Origin(""))], trace=trace)

    def _images(self, folder: str, read: list[str]) -> dict[str, str]:
        file = f"{folder}/kustomization.yaml"
        if file not in self._tree.files():
            return {}
        read.append(file)
        text = self._tree.read_text(file)
        if "broken" in text:
            message = f"{folder} is broken"
            raise ValueError(message)
        root = yaml.safe_load(text)
        found: dict[str, str] = {}
        for resource in root.get("resources", ()):
            found |= self._images(posixpath.normpath(f"{folder}/{resource}"), read)
        for entry in root.get("images", ()):
            tag = f":{entry['newTag']}" if "newTag" in entry else ""
            pinned = f"@{entry['digest']}" if "digest" in entry else ""
            for name in [each for each in found if re.fullmatch(entry["name"], each)] or [entry["name"]]:
                found[name] = f"{entry.get('newName', name)}{tag}{pinned}"
        return found
