"""The image of a container: known by its id before a run, recorded, locked, and the one that is run."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from tests.chamber import container_image
from tests.chamber.cli import platform, sealock
from tests.chamber.scripted_model import Request, Turn, patch, run, say, scripted, turn
from tests.chamber.sealed import QUICK, plain, repository

from sealock.app.run_agent import AgentRequest
from sealock.app.run_terms import NO_TERMS
from sealock.chamber.backends import container, start
from sealock.chamber.sealed_chamber import SealedChamber
from sealock.domain.agent_run import SandboxImage
from sealock.domain.settings import AgentTask
from sealock.errors import Undecided
from sealock.wiring import files
from sealock.wiring.chamber import RunOptions, ServiceRuns
from sealock.wiring.deployed import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sealock.domain.agent_run import CodexBinary

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="Codex is pinned for Linux"),
]

_ID = "sha256:" + "a" * 64
_OTHER = "sha256:" + "b" * 64
_FIRST = json.dumps(container._FIRST, separators=(",", ":"))

# An engine that has the images of a file, one a line: what each is asked for by, and the answer.
_ENGINE = """\
#!/bin/sh
folder=$(dirname "$0")
if [ "$1 $2" = "image inspect" ]; then
  while read -r reference answer; do
    if [ "$reference" = "$5" ]; then printf '%s\\n' "$answer"; exit 0; fi
  done < "$folder/images"
  echo "$5: image not known" >&2
  exit 125
fi
[ "$1" = run ] && printf '%s\\n' "$@"
exit 0
"""


class Engine:
    """A program that stands where podman is looked for, and has the images that it is told of."""

    def __init__(self, folder: Path) -> None:
        self._images = folder / "images"
        program = folder / "podman"
        program.write_text(_ENGINE)
        program.chmod(0o755)

    def has(self, *images: tuple[str, str]) -> None:
        """Have these: what each is asked for by, and the answer to that."""
        self._images.write_text("".join(f"{reference} {answer}\n" for reference, answer in images))


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Give an engine that is a script, and the only one on the path."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(container, "ENGINES", ("podman",))
    return Engine(tmp_path)


@pytest.mark.parametrize("said", [_ID, _ID.removeprefix("sha256:")])
def test_an_image_is_known_by_its_id_with_or_without_the_algorithm(engine: Engine, said: str) -> None:
    engine.has(("sealock-agent", f"{said} {_FIRST}"))
    assert container.named().image == SandboxImage("sealock-agent", _ID)


def test_a_container_is_made_of_the_id_and_not_of_the_name(engine: Engine) -> None:
    engine.has(("sealock-agent", f"{_OTHER} {_FIRST}"), (_ID, f"{_ID} {_FIRST}"))
    seen = replace(plain("/bin/true"), image=SandboxImage("sealock-agent", _ID))
    for command, expected in ((seen, _ID), (plain("/bin/true"), _OTHER)):
        with start(command, "container", QUICK) as agent:
            told = [line.content.decode() for line in agent]
        assert told[-2:] == [expected, "/bin/true"]
        assert "sealock-agent" not in told


def test_an_image_that_is_gone_is_said_with_what_has_its_name_now(engine: Engine) -> None:
    engine.has(("sealock-agent", f"{_OTHER} {_FIRST}"))
    with pytest.raises(Undecided) as caught:
        container.known(SandboxImage("sealock-agent", _ID))
    assert caught.value.message == (
        f"no container engine has the image sealock-agent {_ID}, and sealock-agent is {_OTHER} now: "
        f"podman: {_ID}: image not known"
    )
    assert "--other-image" in caught.value.hint


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (f'{_ID} ["/bin/sh"]', r'is none of Sealock\'s: it starts \["/bin/sh"\]'),
        (f"{_ID} null", r"is none of Sealock\'s: it starts null"),
        (f"nonsense {_FIRST}", "does not say which image sealock-agent is: nonsense"),
        ("", "does not say which image"),
    ],
)
def test_an_image_that_is_not_sealocks_is_refused(engine: Engine, answer: str, words: str) -> None:
    engine.has(("sealock-agent", answer))
    with pytest.raises(Undecided, match=words):
        container.named()


def test_an_engine_that_answers_with_another_image_is_not_believed(engine: Engine) -> None:
    engine.has((_ID, f"{_OTHER} {_FIRST}"))
    with pytest.raises(Undecided, match="does not say which image"):
        container.known(SandboxImage("sealock-agent", _ID))


def test_runs_for_each_service_are_in_the_image_that_was_there_at_the_start(
    engine: Engine, tmp_path: Path
) -> None:
    root = repository(tmp_path / "repository")
    settings = settings_of(files(str(root)))
    runs = ServiceRuns(str(root), settings, RunOptions(), NO_TERMS)
    engine.has(("sealock-agent", f"{_ID} {_FIRST}"))
    request = runs.pinned(AgentRequest("t", AgentTask("m"), "Look", backend="container"))
    engine.has(("sealock-agent", f"{_OTHER} {_FIRST}"), (_ID, f"{_ID} {_FIRST}"))
    with SealedChamber(str(root), settings.chamber, {}) as chamber:
        assert chamber.image(request.backend, request.image) == SandboxImage("sealock-agent", _ID)
    assert runs.pinned(AgentRequest("t", AgentTask("m"), "Look")).image is None


@pytest.mark.parametrize(
    "command", [("exec", "Look"), ("exec", "--dry-run", "Look"), ("explain",), ("lock",)]
)
def test_without_its_image_nothing_is_started_or_written(
    engine: Engine, newest_codex: CodexBinary, tmp_path: Path, command: tuple[str, ...]
) -> None:
    engine.has()
    with scripted([]) as model:
        root = platform(tmp_path, newest_codex, model)
        done = sealock(*command, "--backend", "container", "--repo", root)
    assert (done.status, done.out, model.requests) == (3, "", [])
    assert "no container engine has the image sealock-agent: podman: sealock-agent: image not" in done.err
    assert "Build it: podman build -t sealock-agent docker/" in done.err
    assert not (root / "agent.lock").exists()
    assert not list(root.glob(".sealock/runs/*"))


class Images:
    """Images of Sealock's that differ in one file, under a name of their own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self.name = name
        self._engine = container.named().client
        self._base = container.IMAGE
        self._made: set[str] = set()

    def build(self, marker: str) -> str:
        """Make the name stand for an image whose `/marker` says this, and return its id."""
        self._folder.joinpath("Dockerfile").write_text(f"FROM {self._base}\nCOPY marker /marker\n")
        self._folder.joinpath("marker").write_text(f"{marker} {self.name}\n")
        self._run("build", "--network", "host", "--tag", self.name, str(self._folder))
        made = container.named(self.name).image.id
        self._made.add(made)
        return made

    def rename(self, image: str) -> None:
        """Make the name stand for an image that is there."""
        self._run("tag", image, self.name)

    def remove(self, image: str) -> None:
        """Take an image away."""
        self._made.discard(image)
        self._run("image", "rm", "--force", image)

    def carry(self, image: str) -> None:
        """Take the image away to a file, and bring it back from there."""
        file = str(self._folder / "image.tar")
        self._run("save", "-o", file, self.name)
        self.remove(image)
        self._run("load", "-i", file)
        self._made.add(image)

    def remove_all(self) -> None:
        """Take away what is left."""
        for each in sorted(self._made):
            self.remove(each)

    def _run(self, *arguments: str) -> None:
        subprocess.run([self._engine, *arguments], check=True, capture_output=True, timeout=300)


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Images]:
    """Give images under a name that only this test has; skips where no engine runs containers."""
    if why := container_image.why_not():
        pytest.skip(why)
    folder = tmp_path / "image"
    folder.mkdir()
    found = Images(folder, f"sealock-test-{uuid.uuid4().hex[:12]}")
    monkeypatch.setattr(container, "IMAGE", found.name)
    yield found
    found.remove_all()


def test_another_image_under_the_name_changes_nothing_of_a_run(images: Images) -> None:
    first = SandboxImage(images.name, images.build("first"))
    images.build("second")
    command = plain("/bin/cat", "/marker")
    for image, expected in ((first, b"first"), (None, b"second")):
        with start(replace(command, image=image), "container", QUICK) as agent:
            (line,) = [each.content for each in agent]
        assert line.split()[0] == expected


def test_an_image_that_is_carried_in_a_file_is_the_same(images: Images) -> None:
    image = images.build("first")
    images.carry(image)
    assert container.known(SandboxImage(images.name, image)).image.id == image
    assert container.named().image.id == image


def test_a_run_names_its_image_and_is_replayed_in_it(
    images: Images, newest_codex: CodexBinary, tmp_path: Path
) -> None:
    script = [turn(run("cut -d' ' -f1 /marker")), turn(patch("*** Add File: k.yaml\n+x: 1")), turn(say("ok"))]
    first = images.build("first")
    with scripted(script) as model:
        root = platform(tmp_path, newest_codex, model)
        ran = sealock("exec", "--backend", "container", "--task", "fix", "--repo", root, "Do it")
    assert ran.status == 0, ran.err
    shown = json.loads(sealock("runs", "show", "last", "--format", "json", "--repo", root).out)["run"]
    assert shown["image"] == {"name": images.name, "id": first}
    assert f"image     {images.name} {first}" in sealock("runs", "show", "last", "--repo", root).out

    second = images.build("second")
    replayed = sealock("replay", "last", "--repo", root)
    assert (replayed.status, "changed since" in replayed.out) == (0, False), replayed.out + replayed.err

    images.remove(first)
    refused = sealock("replay", "last", "--repo", root)
    assert refused.status == 3
    assert f"the image {images.name} {first}, and {images.name} is {second} now" in refused.err

    other = sealock("replay", "last", "--other-image", "--repo", root)
    assert other.status == 1
    assert f"changed since: the image of the container {first} → {second}" in other.out
    assert "second" in other.out.replace(images.name, "")


def test_a_record_that_names_no_image_is_done_again_only_if_that_is_allowed(
    images: Images, newest_codex: CodexBinary, tmp_path: Path
) -> None:
    image = images.build("first")
    with scripted([turn(say("ok"))]) as model:
        root = platform(tmp_path, newest_codex, model)
        sealock("exec", "--backend", "container", "--task", "review", "--repo", root, "Look")
    (file,) = root.glob(".sealock/runs/*/manifest.json")
    found = json.loads(file.read_text())
    file.write_text(json.dumps({**found, "image": None}))
    refused = sealock("replay", "last", "--repo", root)
    assert refused.status == 3
    assert "does not say which image" in refused.err
    taken = sealock("replay", "last", "--other-image", "--repo", root)
    assert taken.status == 0
    assert f"the image of the container (not recorded) → {image}" in taken.out


def test_tests_of_a_patch_run_in_the_image_of_the_run_whatever_has_its_name_by_then(
    images: Images, newest_codex: CodexBinary, tmp_path: Path
) -> None:
    first, second = images.build("first"), images.build("second")
    images.rename(first)

    def script(asked: Request) -> Turn:
        if not asked.outputs:
            return turn(patch("*** Add File: k.yaml\n+x: 1"))
        images.rename(second)
        return turn(say("ok"))

    with scripted(script) as model:
        root = platform(tmp_path, newest_codex, model)
        options = ("--backend", "container", "--task", "fix", "--format", "json")
        ran = sealock("exec", *options, "--test", "cat /marker", "--repo", root, "Do it")
    found = json.loads(ran.out)["run"]
    assert container.named().image.id == second
    assert found["image"]["id"] == first
    assert [each["output"] for each in found["details"]["tests"]["runs"]] == [f"first {images.name}\n"]


def test_the_lock_and_its_check_name_the_image(
    images: Images, newest_codex: CodexBinary, tmp_path: Path
) -> None:
    first = images.build("first")
    with scripted([]) as model:
        root = platform(tmp_path, newest_codex, model)
    options = ("--backend", "container", "--repo", root)
    sealock("lock", *options)
    locked = json.loads((root / "agent.lock").read_text())["tasks"]
    assert {(each["image"], each["image.name"]) for each in locked.values()} == {(first, images.name)}
    assert sealock("lock", "--check", *options).status == 0
    second = images.build("second")
    checked = sealock("lock", "--check", *options)
    assert checked.status == 1
    assert checked.out.splitlines() == [
        f"task {each}: the image of the container changed from {first} to {second}"
        for each in ("fix", "review")
    ]
    images.remove(second)
    gone = sealock("lock", "--check", *options)
    assert gone.status == 3
    assert f"no container engine has the image {images.name}: " in gone.err


def test_explain_and_a_dry_run_name_the_image(
    images: Images, newest_codex: CodexBinary, tmp_path: Path
) -> None:
    image = images.build("first")
    with scripted([]) as model:
        root = platform(tmp_path, newest_codex, model)
    explain = ("explain", "--no-compare", "--repo", root)
    assert f"image       {images.name} {image}\n" in sealock(*explain, "--backend", "container").out
    told = json.loads(sealock(*explain, "--backend", "container", "--format", "json").out)
    assert told["image"] == {"name": images.name, "id": image}
    assert json.loads(sealock(*explain, "--format", "json").out)["image"] is None

    dry = ("exec", "--dry-run", "--backend", "container", "--repo", root)
    assert f"image {images.name} {image}\n" in sealock(*dry, "Look").out
    first = json.loads(sealock(*dry, "--format", "json", "Look").out)
    assert first["image"] == told["image"]
    images.build("second")
    assert json.loads(sealock(*dry, "--format", "json", "Look").out)["action"] != first["action"]
