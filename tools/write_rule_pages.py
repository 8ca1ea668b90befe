"""Writes one page a rule under docs/reference/rules, and their index, from the rules' own docstrings.

    python tools/write_rule_pages.py [--check]

With --check nothing is written; the exit code is 1 when a page is stale or too many.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sealock.rules.registry import DOCUMENTED, Documented, documentation

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference" / "rules"


def pages() -> dict[str, str]:
    """Return the text of every page by file name."""
    found = {f"{rule.META.id}.md": documentation(rule) for rule in DOCUMENTED}
    rows = "\n".join(_row(rule) for rule in DOCUMENTED)
    found["README.md"] = f"""# Rules
Written by `tools/write_rule_pages.py` from the rules' own docstrings; do not edit.
`sealock check --explain RULE` prints the same page.

| rule | severity | default | `--fix` | what it reports |
|---|---|---|---|---|
{rows}
"""
    return found


def _row(rule: Documented) -> str:
    meta = rule.META
    state = "on" if meta.on else "off"
    fix = "" if meta.fix == "none" else meta.fix
    return f"| [{meta.id}]({meta.id}.md) | {meta.severity} | {state} | {fix} | {meta.summary} |"


def stale() -> list[str]:
    """Return the names of the pages that differ from what would be written now."""
    there = {page.name: page.read_text(encoding="utf-8") for page in FOLDER.glob("*.md")}
    wanted = pages()
    return sorted(name for name in there.keys() | wanted.keys() if there.get(name) != wanted.get(name))


def main() -> None:
    """Write every page, or with --check say which are stale."""
    found = stale()
    if "--check" in sys.argv[1:]:
        sys.exit("\n".join(f"{name} is stale: run tools/write_rule_pages.py" for name in found) or 0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for name in found:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
        print(name)


if __name__ == "__main__":
    main()
