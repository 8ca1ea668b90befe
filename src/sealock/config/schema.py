"""JSON Schemas of both files and of evidence, and reference tables, made from the types that decode them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sealock.config.service_types import file_type
from sealock.config.settings_types import SettingsFile

if TYPE_CHECKING:
    from collections.abc import Iterator

DRAFT = "https://json-schema.org/draft/2020-12/schema"
ENVIRONMENTS = ("dev", "staging", "production")


def services(environments: tuple[str, ...] = ENVIRONMENTS) -> dict[str, Any]:
    """Return the schema of `services.yaml` where these environments exist."""
    return _schema(file_type(environments), "services.yaml of Sealock")


def config() -> dict[str, Any]:
    """Return the schema of `sealock.yaml`."""
    return _schema(SettingsFile, "sealock.yaml of Sealock")


def evidence() -> dict[str, Any]:
    """Return the schema of one piece of evidence."""
    from sealock.domain.evidence import Evidence  # noqa: PLC0415 - the other two do without

    return _schema(Evidence, "Evidence for Sealock's gates")


def _schema(type_: Any, title: str) -> dict[str, Any]:  # noqa: ANN401 - any type
    schema = msgspec.json.schema(type_)
    for name in ("GateSection", "TokenSection"):
        schema["$defs"].get(name, {}).update({"minProperties": 1, "maxProperties": 1})
    freeze = schema["$defs"].get("FreezeSection")
    if freeze:
        freeze["oneOf"] = [
            {"required": ["from", "to"], "properties": {"cron": False, "for": False}},
            {"required": ["cron", "for"], "properties": {"from": False, "to": False}},
        ]
    values = schema["$defs"].get("HelmValuesSection")
    if values:
        values["anyOf"] = [{"required": ["tag"]}, {"required": ["digest"]}]
    forge = schema["$defs"].get("ForgeSection")
    if forge:
        forge["dependentRequired"] = {"url": ["kind"]}
    custom = schema["$defs"].get("CustomRuleSection")
    if custom:
        custom["anyOf"] = [{"required": ["message"]}, {"required": ["messageExpression"]}]
    return {"$schema": DRAFT, "title": title, **schema}


def reference(name: str) -> str:
    """Return the Markdown tables of one file's keys; `name` is `services`, `config` or `evidence`."""
    schema = {"services": services, "config": config, "evidence": evidence}[name]()
    return "\n".join(_tables(schema, _SECTIONS[name]))


_SECTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "services": (
        ("ServicesFile", "The file"),
        ("Service", "A service"),
        ("Overrides", "A service in one environment"),
        ("ResourcesSection", "`resources`"),
        ("AmountsSection", "`requests` and `limits`"),
        ("AutoscaleSection", "`autoscale`"),
    ),
    "config": (
        ("SettingsFile", "The file"),
        ("VersionsSection", "`versions`"),
        ("EnvironmentSection", "An environment"),
        ("GateSection", "A gate"),
        ("HealthySection", "`healthy`"),
        ("SmokeSection", "`smoke`"),
        ("ApprovalsSection", "`approvals`"),
        ("FreezeSection", "`freeze`"),
        ("SignedSection", "`signed`"),
        ("ProgramSection", "`program`"),
        ("PolicySection", "`policy`"),
        ("CustomRuleSection", "An organisation rule"),
        ("CustomTestSection", "A test of an organisation rule"),
        ("PodSecuritySection", "`podSecurity`"),
        ("WaiverSection", "A waiver"),
        ("NamespaceSection", "A namespace"),
        ("ClusterSection", "A cluster"),
        ("KustomizeSection", "`kustomize`"),
        ("PromotionSection", "`promotion`"),
        ("ForgeSection", "`forge`"),
        ("TokenSection", "`token`"),
        ("TrainsSection", "`trains`"),
        ("HelmValuesSection", "An entry of `helmValues`"),
        ("ReleaseSection", "`release`"),
        ("AgentSection", "An agent task"),
        ("BudgetSection", "`budget`"),
        ("McpServerSection", "An entry of `mcpServers`"),
        ("PinnedFileSection", "An entry of `files`"),
        ("NetworkSection", "`network`"),
        ("ChamberSection", "`chamber`"),
        ("CodexSection", "`codex`"),
        ("UpstreamSection", "`upstream`"),
        ("PriceSection", "A price"),
        ("PeriodBudgetSection", "An entry of `budgets`"),
    ),
    "evidence": (("Evidence", "A piece of evidence"),),
}


def _tables(schema: dict[str, Any], sections: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for name, heading in sections:
        section = schema["$defs"][name]
        required = section.get("required", [])
        yield f"### {heading}\n\n{section['description']}\n"
        yield "| key | value | meaning |\n|---|---|---|"
        for key, each in section["properties"].items():
            needed = " Required." if key in required else ""
            yield f"| `{key}` | {_kind(each)} | {each.get('description', '')}{needed} |"
        yield ""


_KINDS = {"integer": "whole number", "boolean": "true or false", "object": "mapping", "array": "list"}


def _kind(schema: dict[str, Any]) -> str:
    """Return what a value may be, in words."""
    if "title" in schema:
        return str(schema["title"]).replace("|", "\\|")
    if "enum" in schema:
        return " or ".join(f"`{each}`" for each in schema["enum"])
    if "$ref" in schema:
        return "mapping"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(each) for each in _telling(schema["anyOf"])))
    kind = str(schema.get("type", "value"))
    return _KINDS.get(kind, "text" if kind == "string" else kind) + _bounds(schema)


def _telling(choices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the choices that a reader needs: beside a kind of text, a number only writes it differently."""
    named = [each for each in choices if "title" in each]
    numbers = {"integer", "number"} if named else set()
    return [each for each in choices if each.get("type") not in numbers | {"null"}]


def _bounds(schema: dict[str, Any]) -> str:
    if "maximum" in schema:
        return f", {schema['minimum']} to {schema['maximum']}"
    if "exclusiveMinimum" in schema:
        return f" above {schema['exclusiveMinimum']:g}"
    return f", {schema['minimum']} or more" if "minimum" in schema else ""
