"""The JSON Schema of an answer: a file, its faults at their places, and what is wrong with an answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sealock.domain.location import Location
from sealock.domain.printable import printable
from sealock.domain.strict_schema import pointer
from sealock.domain.yaml_document import parse
from sealock.errors import ConfigurationError, SealockError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.domain.strict_schema import Path as SchemaPath
    from sealock.domain.strict_schema import SchemaFault

_MOST_BYTES = 4 << 20
_MOST_PROBLEMS = 20
_MOST_SIZE = 10 << 20


class FileSchema:
    """A schema in a file; implements the AnswerSchema port."""

    def __init__(self, path: str, shown: str = "") -> None:
        """Read the file at `path`, which messages call `shown`. Raises UsageError, ConfigurationError."""
        self.file = shown or path
        try:
            with Path(path).open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
        except OSError as wrong:
            message = f"the schema cannot be read: {wrong.strerror}"
            raise UsageError(message, where=Location(self.file)) from None
        if len(content) > _MOST_BYTES:
            message = f"the schema is larger than {_MOST_BYTES >> 20} MiB"
            raise UsageError(message, where=Location(self.file))
        self._text = content.decode("utf-8", "replace")
        self.schema = self._decoded(content)
        self._validator = self._compiled()

    def problems(self, answer: object) -> Sequence[str]:
        """Return what is wrong with an answer, each with its place; nothing when it fits."""
        found = []
        for error in self._validator.iter_errors(answer):
            place = pointer(tuple(error.instance_path))
            found.append(f"{place}: {printable(error.message, 400)}")
            if len(found) >= _MOST_PROBLEMS:
                break
        return found

    def where(self, path: SchemaPath) -> Location:
        """Return the place in the file of what stands at `path`, or of what it would stand in."""
        try:
            (root,) = parse(self._text, self.file)
        except (SealockError, ValueError):
            return Location(self.file)
        for length in range(len(path), -1, -1):
            node = root.at(path[:length])
            if node is not None:
                return node.where
        return Location(self.file)

    def refusal(self, faults: Sequence[SchemaFault], *, fixable: bool) -> ConfigurationError:
        """Return the error for a schema that strict mode would refuse, every fault at its place."""
        problems = []
        for each in faults:
            help_ = each.help or f"--strict-fix would {each.change}."
            words = f"{pointer(each.path)}: {each.message}"
            problems.append(ConfigurationError(words, where=self.where(each.path), hint=help_))
        hint = (
            "--strict-fix sends a schema that does; answers are still judged by this one." if fixable else ""
        )
        message = "the provider's strict mode does not take this schema"
        return ConfigurationError(message, where=Location(self.file), hint=hint, problems=tuple(problems))

    def _decoded(self, content: bytes) -> dict[str, Any]:
        try:
            found = msgspec.json.decode(content)
        except (msgspec.DecodeError, RecursionError) as wrong:
            message = f"the schema is not JSON: {wrong}"
            raise ConfigurationError(message, where=Location(self.file)) from None
        if not isinstance(found, dict):
            message = "the schema is no JSON object"
            raise ConfigurationError(
                message, where=Location(self.file), hint='Begin with {"type": "object"}.'
            )
        return found

    def _compiled(self) -> Any:  # noqa: ANN401 - the library's validators share no type
        import jsonschema_rs  # noqa: PLC0415 - only where there is a schema

        try:
            # Linear time, whatever pattern the schema has and whatever the model answers.
            options = jsonschema_rs.RegexOptions(size_limit=_MOST_SIZE)
            return jsonschema_rs.validator_for(
                self.schema, pattern_options=options, validate_formats=True, retriever=_refuse
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as wrong:
            words = getattr(wrong, "message", "") or str(wrong)
            where = self.where(tuple(getattr(wrong, "instance_path", ())))
            message = f"this is no JSON Schema: {printable(words, 300)}"
            raise ConfigurationError(message, where=where, hint="See https://json-schema.org.") from None


def _refuse(uri: str) -> Any:  # noqa: ANN401 - it never returns
    message = f"a schema refers to nothing outside of it: {uri}"
    raise ValueError(message)
