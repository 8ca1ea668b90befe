"""`sealock check --watch`: check everything once, then whatever changes."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from sealock import wiring
from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealock.adapters.file_tree import RepositoryFiles
    from sealock.adapters.text_memo import TextMemo
    from sealock.app.check import Question
    from sealock.domain.check_report import CheckReport
    from sealock.domain.settings import Settings

# ruff: noqa: PLC0415 - `--help` loads nothing that it does not need

_SETTINGS = "sealock.yaml"


def watch(
    root: str,
    question: Callable[[TextMemo, Settings], Question],
    show: Callable[[CheckReport, RepositoryFiles], None],
    *,
    cached: bool,
) -> None:
    """Check and show the report, again whenever something changes, until interrupted.

    After the first time only what a change can concern is checked, with the files of earlier findings.
    """
    from sealock.adapters.file_watch import changes

    batches = changes(root)
    while True:
        try:
            _until_settings_change(root, question, show, batches, cached=cached)
        except SealockError as wrong:
            click.echo(f"error: {wrong.where or root}: {wrong.message}\n  help: {wrong.hint}", err=True)
            _next(batches)


def _next(batches: Iterator[frozenset[str]]) -> frozenset[str]:
    """Return the next paths that change."""
    return next(batch for batch in batches if batch)


def _until_settings_change(
    root: str,
    question: Callable[[TextMemo, Settings], Question],
    show: Callable[[CheckReport, RepositoryFiles], None],
    batches: Iterator[frozenset[str]],
    *,
    cached: bool,
) -> None:
    from sealock.adapters.file_watch import KeepingRenderer
    from sealock.adapters.text_memo import TextMemo
    from sealock.app.check import CheckRepository

    # The first answer comes when the watch stands, so that no change falls between.
    next(batches)
    files = wiring.files(root)
    tree = TextMemo(files, root, time.time_ns())
    settings = wiring.settings(tree)
    asked = question(tree, settings)
    with wiring.judges(files, settings, asked.versions, cached=cached) as ports:
        renderer = KeepingRenderer(ports.renderer)
        judges = ports._replace(renderer=renderer)
        changed: frozenset[str] = frozenset()
        while _SETTINGS not in changed:
            begun = time.perf_counter()
            report = CheckRepository(tree, judges, asked._replace(changed=changed)).run()
            _clear()
            show(report, files)
            sys.stdout.flush()
            click.echo(f"checked in {(time.perf_counter() - begun) * 1000:.0f} ms; watching", err=True)
            batch = _next(batches)
            renderer.forget(batch)
            changed = batch | report.files()
            files = wiring.files(root)
            tree = tree.later(files, root, batch, time.time_ns())


def _clear() -> None:
    if sys.stdout.isatty():
        sys.stdout.write("\x1b[2J\x1b[H")
