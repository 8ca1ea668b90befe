"""Repositories as dictionaries, and random changes of them: bytes, lines, values of YAML, whole files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from tests.property.small_platform import platform

if TYPE_CHECKING:
    from random import Random

Files = dict[str, bytes | Path]
"""Content by path; a Path is where a symbolic link points."""

ROOT = Path(__file__).parents[2]
_TEXTS = (
    "",
    " ",
    "*",
    "!x",
    "~",
    "-",
    "..",
    "../..",
    "/",
    "/etc/hostname",
    "{{ .x }}",
    "{{",
    "$(X)",
    "${X}",
    "null",
    "0",
    "1e999",
    "0x1F",
    "yes",
    "\u0000",
    "\u2028",
    "\ud7ff",
    "é" * 40,
    "a" * 5000,
    "*" * 60,
    "(" * 60,
    "**/**",
    "[",
    "(a+)+$",
    "latest",
    "sha256:0",
    "100%",
    "1.5",
    "-1",
    "9" * 40,
    "2099-12-31",
    "https://x:y@z",
    "\n---\n",
    "Deployment",
    "v1",
    "apps/v1",
    "argoproj.io/v1alpha1",
    "true",
    "1Gi",
    "1e3Gi",
    "10" * 20 + "Ei",
    "@every 0s",
    "object.x.y.z",
    "[1,2].all(x, x > 0)",
    "size(object) / 0",
    "kustomization.yaml",
    "metadata.name",
)
_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    2**64,
    -(2**70),
    1.5,
    float("inf"),
    float("nan"),
    [],
    {},
    [[]],
    [None],
    {"": ""},
    [{}, {}],
    {"name": None},
    {"x": {"x": {"x": []}}},
)


def seeds() -> list[Files]:
    """Return the repositories to begin with."""
    rules = sorted((ROOT / "tests" / "rules").glob("*/*/bad"))
    nasty = sorted(each for each in (ROOT / "tests" / "corpus" / "nasty").iterdir() if each.is_dir())
    idioms = sorted((ROOT / "tests" / "property" / "idioms").glob("*.txtar"))
    small: Files = {path: text.encode() for path, text in platform().items()}
    folders = [read(folder) for folder in (ROOT / "examples" / "platform", *rules, *nasty)]
    return [small, *filter(None, folders), *map(_unpacked, idioms)]


def read(folder: Path) -> Files:
    """Return a folder's files, without what Git keeps."""
    return {
        each.relative_to(folder).as_posix(): each.read_bytes()
        for each in sorted(folder.rglob("*"))
        if each.is_file() and ".git" not in each.relative_to(folder).parts
    }


def _unpacked(archive: Path) -> Files:
    _, *parts = re.split(r"^-- (.+) --\n", archive.read_text(), flags=re.MULTILINE)
    return {path: text.encode() for path, text in zip(parts[::2], parts[1::2], strict=True)}


def mutated(files: Files, others: list[Files], random: Random) -> Files:
    """Return the files after one to four changes."""
    changed = dict(files)
    for _ in range(random.randint(1, 4)):
        random.choices((_value, _bytes, _lines, _file, _from_elsewhere), (6, 2, 2, 2, 1))[0](
            changed, others, random
        )
    return changed


def _any(files: Files, random: Random) -> tuple[str, bytes]:
    regular = sorted((path, content) for path, content in files.items() if isinstance(content, bytes))
    return random.choice(regular) if regular else ("kustomization.yaml", b"resources: []\n")


def _value(files: Files, _: list[Files], random: Random) -> None:
    """Change values of a YAML file."""
    path, content = _any(files, random)
    try:
        documents = list(yaml.safe_load_all(content))
        _copied(documents)  # a value may hold itself
    except (yaml.YAMLError, ValueError, RecursionError):
        return _bytes(files, _, random)
    for _again in range(random.randint(1, 3)):
        places = list(_places(documents))
        if not places:
            break
        container, key = random.choice(places)
        _change(container, key, [parent[at] for parent, at in places], random)
    text = yaml.safe_dump_all(documents, allow_unicode=True, sort_keys=False)
    files[path] = text.encode("utf-8", "surrogatepass")
    return None


def _places(node: Any) -> Any:  # noqa: ANN401 - JSON
    """Yield each container with each of its keys."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(items):
        yield node, key
        yield from _places(value)


def _change(container: Any, key: Any, values: list[Any], random: Random) -> None:  # noqa: ANN401 - JSON
    how = random.randrange(8)
    if how == 0:
        del container[key]
    elif how == 1 and isinstance(container, dict):
        container[random.choice((*_TEXTS, "name", "spec", "metadata", 1, None))] = container.pop(key)
    elif how == 2 and isinstance(container, list):
        container.extend([_copied(container[key])] * random.choice((1, 2, 50)))
    elif how == 3:
        container[key] = _copied(random.choice(values))
    elif how == 4:
        container[key] = [_copied(container[key])]
    elif how == 5:
        container[key] = {"name": _copied(container[key]), random.choice(_TEXTS): None}
    else:
        container[key] = random.choice(random.choice((_TEXTS, _VALUES)))


def _copied(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value


def _bytes(files: Files, _: list[Files], random: Random) -> None:
    """Change bytes of a file."""
    path, content = _any(files, random)
    at, end = sorted(random.randrange(len(content) + 1) for _ in range(2))
    junk = random.choice(
        (random.randbytes(9), b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"\t", b"&a [*a]",
         b"*a", b"!!python/object:os.system x", b"<<: *x", b"--- \n", b"? ", b"'", b"{{", b"# sealock: waive",
         b"[" * 3000, b"- " * 500, b"a: " * 300)
    )  # fmt: skip
    files[path] = random.choice(
        (content[:at], content[:at] + content[end:], content[:at] + junk + content[at:], junk, content * 2,
         content.replace(b"\n", b"\r\n"), content[:at] + junk + content[end:])
    )  # fmt: skip


def _lines(files: Files, _: list[Files], random: Random) -> None:
    """Move, drop, repeat or indent lines of a file."""
    path, content = _any(files, random)
    lines = content.split(b"\n")
    at, to = random.randrange(len(lines)), random.randrange(len(lines))
    how = random.randrange(4)
    if how == 0:
        del lines[at]
    elif how == 1:
        lines[to:to] = lines[min(at, to) : max(at, to) + 1]
    elif how == 2:
        lines[at], lines[to] = lines[to], lines[at]
    else:
        lines[at] = b"  " + lines[at]
    files[path] = b"\n".join(lines)


def _file(files: Files, _: list[Files], random: Random) -> None:
    """Remove, move, copy or empty a file, or put a link in its place."""
    path, content = _any(files, random)
    folder = random.choice(sorted({each.rpartition("/")[0] for each in files} | {""}))
    name = random.choice((path.rpartition("/")[2], "kustomization.yaml", "sealock.yaml", "ü\n'.yaml"))
    to = f"{folder}/{name}" if folder else name
    how = random.randrange(6)
    if how == 0:
        files.pop(path, None)
    elif how == 1:
        files.pop(path, None)
        files[to] = content
    elif how == 2:
        files[to] = content
    elif how == 3:
        files[path] = b""
    elif how == 4:
        target = random.choice((".", "..", "nowhere", path.rpartition("/")[2], "/etc/hostname", "../../.."))
        files[path] = Path(target)
    else:
        files[path] = yaml.safe_dump(random.choice(_VALUES)).encode()


def _from_elsewhere(files: Files, others: list[Files], random: Random) -> None:
    """Take a file of another repository, or all of it into a folder."""
    other = random.choice(others)
    if random.random() < 0.5:
        files.update({f"more/{path}": content for path, content in other.items()})
    else:
        path, content = _any(other, random)
        files[path] = content
