"""`sealock schema`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sealock.errors import UsageError


@click.command(
    name="schema",
    epilog="\b\nExamples:\n  sealock schema services --out services.schema.json\n  sealock schema config",
)
@click.argument("file", type=click.Choice(["services", "config", "evidence"]))
@click.option(
    "--repo",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Repository whose environments the schema of services.yaml names.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file instead.")
def command(file: str, repo: Path, out: Path | None) -> None:
    """Print the JSON Schema of services.yaml, of sealock.yaml or of a piece of evidence."""
    from sealock.config import schema  # noqa: PLC0415 - keeps `--help` fast

    if file == "services":
        found = schema.services(_environments(repo))
    else:
        found = schema.config() if file == "config" else schema.evidence()
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as wrong:
        message = f"{out} cannot be written: {wrong.strerror}"
        raise UsageError(message, hint="Choose another --out.") from None


def _environments(repo: Path) -> tuple[str, ...]:
    """Return the environments of the repository's sealock.yaml, or the default ones."""
    from sealock.config import settings  # noqa: PLC0415 - keeps `--help` fast
    from sealock.domain.yaml_document import decode  # noqa: PLC0415

    try:
        data = (repo / settings.FILE).read_bytes()
    except FileNotFoundError:
        data = b""
    return tuple(settings.load(decode(data, settings.FILE)).environments)
