"""A diff as one HTML page that needs nothing else: no script, no font, no picture."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from sealock.domain.object_diff import grouped
from sealock.domain.printable import printable
from sealock.report.diff_lines import alike, listed, not_compared, notes, object_lines, summary, title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.object_diff import DiffReport, Group, ObjectChange

_CLASSES = {"+": "add", "-": "del", "~": "chg", " ": "ctx"}
_OPEN_GROUPS = 20
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font: 13px/1.5 ui-monospace, monospace }
pre { overflow-x: auto; border: 1px solid #8884; border-radius: 6px; padding: .5rem 0; margin: .5rem 0 1rem }
pre span { display: block; padding: 0 .75rem; min-height: 1.5em }
.add { background: #2da44e26 }
.del { background: #cf222e26 }
.chg { background: #bf870026 }
.ctx { opacity: .7 }
.danger, .undecided { border-left: 4px solid; padding: .25rem .75rem; margin: .5rem 0 }
.danger { border-color: #cf222e; background: #cf222e14 }
.undecided { border-color: #8250df; background: #8250df14 }
summary { cursor: pointer; padding: .25rem 0 }
"""


def document(report: DiffReport) -> str:
    """Return the page."""
    return "\n".join(_page(report)) + "\n"


def _page(report: DiffReport) -> Iterator[str]:
    heading = f"{_text(report.before)} → {_text(report.after)}"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{heading}</title>\n<style>{_STYLE}</style>\n</head>\n<body>"
    yield f"<h1>{heading}</h1>\n<p><strong>{_text(summary(report))}</strong></p>"
    for danger, overlays in alike(report.dangers):
        yield (
            f'<div class="danger"><strong>{_text(danger.kind)}</strong> <code>{_text(danger.object)}</code>'
            f" in <code>{_text(listed(overlays))}</code><br>{_text(danger.why)}<br>{_text(danger.help)}</div>"
        )
    for each in report.undecided:
        hint = f"<br>{_text(each.failure.hint)}" if each.failure.hint else ""
        yield f'<div class="undecided"><strong>undecided</strong> {_text(not_compared(each))}{hint}</div>'
    for note in notes(report):
        yield f"<p>{_text(note)}</p>"
    for number, group in enumerate(grouped(report.overlays)):
        yield from _group(group, is_open=number < _OPEN_GROUPS)
    yield "</body>\n</html>"


def _group(group: Group, *, is_open: bool) -> Iterator[str]:
    count = len(group.objects)
    noun = "object" if count == 1 else "objects"
    yield f"<details{' open' if is_open else ''}>"
    yield f"<summary><code>{_text(title(group.overlays))}</code>: {count} {noun}</summary>"
    if len(group.overlays) > 1:
        yield f"<p>{_text(', '.join(each.overlay for each in group.overlays))}</p>"
    yield from map(_object, group.objects)
    yield "</details>"


def _object(change: ObjectChange) -> str:
    spans = (
        f'<span class="{_CLASSES[each.sign]}">{each.sign} {"  " * each.depth}{_text(each.text)}</span>'
        for each in object_lines(change, split=True)
    )
    return f"<pre>{''.join(spans)}</pre>"


def _text(text: str) -> str:
    return html.escape(printable(text, 100_000).encode("utf-8", "backslashreplace").decode())
