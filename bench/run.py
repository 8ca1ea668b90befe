"""Measures Sealock beside what users would run otherwise, in turns in one run, and writes the table.

    python -m bench.run [--rounds 3] [--growth 30,100,300,1000,3000] [--out docs/reference/benchmarks.md]

Every figure is of a whole process, start to exit. A ratio is the median of the pairs' ratios, with the
lowest and the highest behind it. Machines are noisy: read the ratios, not the seconds.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil
from bench.corpus import write_catalog, write_repository
from bench.rivals import KUBERNETES, Rivals, build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
SEALOCK = str(Path(sys.executable).parent / "sealock")


class Row(NamedTuple):
    """One line of the table; `bar` is what the project promises."""

    work: str
    ours: str
    rival: str
    ratio: str
    bar: str


class Bench:
    """A scratch folder with its own cache, and timing of whole processes in it."""

    def __init__(self, scratch: Path) -> None:
        """Use `scratch` for repositories, outputs and the cache."""
        self.scratch = scratch
        self.environment = os.environ | {"SEALOCK_CACHE_DIR": str(scratch / "cache"), "NO_COLOR": "1"}

    def run(self, command: list[str], *, folder: Path | None = None, codes: tuple[int, ...] = (0,)) -> float:
        """Run to the end and return the seconds. Exits the benchmark on an unexpected exit code."""
        start = time.perf_counter()
        done = subprocess.run(
            command, cwd=folder or self.scratch, env=self.environment, capture_output=True, check=False
        )
        seconds = time.perf_counter() - start
        if done.returncode not in codes:
            sys.exit(
                f"{command} ended with {done.returncode}\n{done.stdout[-2000:]!r}\n{done.stderr[-2000:]!r}"
            )
        return seconds

    def peak_engine_memory(self, command: list[str], folder: Path) -> tuple[int, int]:
        """Return the peak resident bytes of (the largest engine, all engines together)."""
        largest = total = 0
        with subprocess.Popen(
            command, cwd=folder, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            root = psutil.Process(process.pid)
            while process.poll() is None:
                sizes = []
                with suppress(psutil.Error):
                    for child in root.children(recursive=True):
                        with suppress(psutil.Error):
                            if "sealock-engine" in child.name():
                                sizes.append(child.memory_info().rss)
                largest, total = max([largest, *sizes]), max(total, sum(sizes))
                time.sleep(0.01)
        return largest, total


def _overlays(repository: Path) -> list[str]:
    found = repository.glob("services/*/overlays/*/kustomization.yaml")
    return sorted(str(path.parent.relative_to(repository)) for path in found)


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f}–{max(values):.1f})"


def _seconds(values: list[float]) -> str:
    middle = statistics.median(values)
    return f"{middle:.2f} s" if middle >= 1 else f"{middle * 1000:.0f} ms"


def _pairs(
    rounds: int, ours: Callable[[], float], rival: Callable[[], float]
) -> tuple[list[float], list[float]]:
    both = [(rival(), ours()) for _ in range(rounds)]
    return [pair[1] for pair in both], [pair[0] for pair in both]


def _versus(work: str, bar: str, ours: list[float], rival: list[float]) -> Row:
    ratios = [theirs / own for own, theirs in zip(ours, rival, strict=True)]
    return Row(work, _seconds(ours), _seconds(rival), f"{_spread(ratios)}×", bar)


def _alone(work: str, bar: str, ours: list[float]) -> Row:
    return Row(work, f"{_seconds(ours)} ({_seconds([min(ours)])}–{_seconds([max(ours)])})", "–", "–", bar)


def _kubectl_two_at_a_time(bench: Bench, rivals: Rivals, repository: Path) -> float:
    listing = "\n".join(_overlays(repository))
    script = (
        f"printf '%s\\n' \"$1\" | xargs -P2 -n1 sh -c 'exec {rivals.kubectl} kustomize \"$0\" >/dev/null'"
    )
    return bench.run(["sh", "-c", script, "sh", listing], folder=repository)


def _kubectl_into_kubeconform(bench: Bench, rivals: Rivals, repository: Path) -> float:
    location = rivals.schemas / "{{ .ResourceKind }}{{ .KindSuffix }}.json"
    listing = "\n".join(_overlays(repository))
    script = (
        "printf '%s\\n' \"$1\" | while read -r overlay; do "
        f'{rivals.kubectl} kustomize "$overlay" | '
        f"{rivals.kubeconform} -strict -kubernetes-version {KUBERNETES} "
        f"-schema-location '{location}' - || exit 1; done"
    )
    return bench.run(["sh", "-c", script, "sh", listing], folder=repository)


def _render(bench: Bench, repository: Path, *options: str) -> float:
    out = bench.scratch / "out"
    return bench.run([SEALOCK, "render", "--all", "--out", str(out), "--repo", str(repository), *options])


def _check(bench: Bench, repository: Path, *options: str) -> float:
    return bench.run([SEALOCK, "check", "--repo", str(repository), *options], folder=repository)


def _cold(bench: Bench, work: Callable[[], float]) -> float:
    shutil.rmtree(bench.scratch / "cache", ignore_errors=True)
    shutil.rmtree(bench.scratch / "out", ignore_errors=True)
    return work()


def against_rivals(bench: Bench, rivals: Rivals, rounds: int) -> Iterator[Row]:
    """Yield the rows that have a rival: 300 overlays."""
    repository = bench.scratch / "r300"
    write_repository(repository, overlays=300)
    overlay = _overlays(repository)[0]

    def kubectl() -> float:
        return _kubectl_two_at_a_time(bench, rivals, repository)

    def kubeconform() -> float:
        return _kubectl_into_kubeconform(bench, rivals, repository)

    def kubectl_of_one() -> float:
        return bench.run([str(rivals.kubectl), "kustomize", overlay], folder=repository)

    def render() -> float:
        return _render(bench, repository)

    def check() -> float:
        return _check(bench, repository)

    def check_one() -> float:
        return _check(bench, repository, overlay)

    work = "render 300 overlays, cold, against `kubectl kustomize` two at a time"
    yield _versus(work, "15×", *_pairs(rounds, lambda: _cold(bench, render), kubectl))
    render()
    work = "render 300 overlays, nothing changed, against the same"
    yield _versus(work, "100×", *_pairs(rounds, render, kubectl))
    work = "check 300 overlays, cold, against `kubectl kustomize` into `kubeconform` once for each"
    yield _versus(work, "25×", *_pairs(rounds, lambda: _cold(bench, check), kubeconform))
    check()
    work = "check 300 overlays, nothing changed, against the same"
    yield _versus(work, "–", *_pairs(1, check, kubeconform))
    check_one()
    work = "check one overlay, warm, against `kubectl kustomize` of it"
    yield _versus(work, "150 ms", *_pairs(rounds * 5, check_one, kubectl_of_one))


def alone(bench: Bench, rounds: int) -> Iterator[Row]:
    """Yield the rows that have no rival."""
    runs = range(rounds * 5)
    bench.run([SEALOCK, "--help"])
    yield _alone("`sealock --help`", "100 ms", [bench.run([SEALOCK, "--help"]) for _ in runs])
    first, again = [], []
    for round_number in range(rounds):
        folder = bench.scratch / f"catalog{round_number}"
        write_catalog(folder, services=500)
        first.append(bench.run([SEALOCK, "generate", "--repo", str(folder)]))
        bench.run([SEALOCK, "generate", "--repo", str(folder)])
        again += [bench.run([SEALOCK, "generate", "--repo", str(folder)]) for _ in range(5)]
    yield _alone("generate 500 services × 3 environments", "2 s", first)
    yield _alone("generate the same, nothing changed", "300 ms", again)
    repository = bench.scratch / "r300"
    shutil.rmtree(bench.scratch / "cache", ignore_errors=True)
    largest, total = bench.peak_engine_memory([SEALOCK, "check", "--repo", str(repository)], repository)
    mebibyte = 1 << 20
    yield Row(
        "memory of the engines on a cold check of 300 overlays",
        f"{largest // mebibyte} MiB the largest, {total // mebibyte} MiB together", "–", "–", "400 MB",
    )  # fmt: skip


def growth(bench: Bench, sizes: list[int]) -> Iterator[list[str]]:
    """Yield a line for each size: cold and warm seconds of render and check, and per overlay."""
    for size in sizes:
        repository = bench.scratch / f"g{size}"
        write_repository(repository, overlays=size)
        figures = [_cold(bench, lambda r=repository: _render(bench, r))]  # type: ignore[misc]
        _render(bench, repository)
        figures.append(_render(bench, repository))
        figures.append(_cold(bench, lambda r=repository: _check(bench, r)))  # type: ignore[misc]
        _check(bench, repository)
        figures.append(_check(bench, repository))
        yield [str(size), *(f"{seconds:.2f} s ({seconds / size * 1000:.1f} ms)" for seconds in figures)]
        shutil.rmtree(repository)


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _page(rows: list[Row], grown: list[list[str]], rounds: int) -> str:
    return f"""# Benchmarks
Written by `make bench`; do not edit.
{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}.
Rivals: kubectl 1.36.3 (Kustomize 5.8.1), kubeconform 0.8.0.
Whole processes, ours and the rival's in turns, {rounds} rounds.
A ratio is the median of the pairs, with the lowest and the highest behind it.
An overlay has six resources, two strategic patches, a namespace and an image.

{table(["work", "Sealock", "rival", "ratio", "at least"], [list(row) for row in rows])}

## Growth
Seconds for the whole repository, and milliseconds for each overlay; one run each.

{table(["overlays", "render cold", "render unchanged", "check cold", "check unchanged"], grown)}
"""


@contextmanager
def _scratch() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="sealock-bench-") as folder:
        yield Bench(Path(folder))


def main() -> None:
    """Run everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--growth", default="30,100,300,1000,3000")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "reference" / "benchmarks.md")
    options = parser.parse_args()
    rivals = build()
    rows: list[Row] = []
    with _scratch() as bench:
        for row in against_rivals(bench, rivals, options.rounds):
            print(*row, sep=" | ", flush=True)
            rows.append(row)
        for row in alone(bench, options.rounds):
            print(*row, sep=" | ", flush=True)
            rows.append(row)
        grown = []
        for line in growth(bench, [int(size) for size in options.growth.split(",") if size]):
            print(*line, sep=" | ", flush=True)
            grown.append(line)
    options.out.write_text(_page(rows, grown, options.rounds), encoding="utf-8")


if __name__ == "__main__":
    main()
