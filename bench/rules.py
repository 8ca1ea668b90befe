"""Measures what each rule and each judge costs in a check of 300 overlays, and writes the table.

    python -m bench.rules [--rounds 5] [--overlays 300] [--out docs/reference/rule-costs.md]

The repository has an Application for each overlay, by an ApplicationSet, an AppProject, an admission policy
and an organisation rule. All is in Git, and rendered and judged once before the rounds begin.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from types import GeneratorType
from typing import Any, NamedTuple

from bench.corpus import write_repository

from sealock import wiring
from sealock.adapters.schemas import argocd_versions, chosen, kubernetes_versions
from sealock.adapters.text_memo import TextMemo
from sealock.app.check import CheckRepository, Question
from sealock.domain.check_report import Used
from sealock.rules.registry import ALL_RULES

_URL = "https://github.com/acme/platform-manifests.git"
_FILES = {
    "services.yaml": f"repository: {_URL}\nservices: {{}}\n",
    "sealock.yaml": """\
policy:
  custom:
    - id: has-app
      kinds: [Deployment]
      expression: "'app.kubernetes.io/part-of' in object.metadata.labels"
      message: a Deployment says what it is part of
""",
    "projects/platform.yaml": f"""\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {{name: platform, namespace: argocd}}
spec:
  sourceRepos: ["{_URL}"]
  destinations: [{{server: "https://kubernetes.default.svc", namespace: "service-*"}}]
""",
    "sets/platform.yaml": f"""\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: platform, namespace: argocd}}
spec:
  goTemplate: true
  goTemplateOptions: ["missingkey=error"]
  generators:
    - git: {{repoURL: "{_URL}", revision: HEAD, directories: [{{path: services/*/overlays/*}}]}}
  template:
    metadata: {{name: "{{{{ index .path.segments 1 }}}}-{{{{ .path.basename }}}}"}}
    spec:
      project: platform
      source: {{repoURL: "{_URL}", targetRevision: HEAD, path: "{{{{ .path.path }}}}"}}
      destination:
        server: https://kubernetes.default.svc
        namespace: "{{{{ index .path.segments 1 }}}}-{{{{ .path.basename }}}}"
      syncPolicy: {{automated: {{selfHeal: true}}, syncOptions: [CreateNamespace=true]}}
      # The autoscalers of the corpus set the replicas.
      ignoreDifferences: [{{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}}]
""",
    "policies/kustomization.yaml": "resources: [policy.yaml]\n",
    "policies/policy.yaml": """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: replicas}
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}
  validations: [{expression: object.spec.replicas <= 50}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: replicas}
spec: {policyName: replicas, validationActions: [Deny]}
""",
}
_STEPS = {
    "renderer": "render",
    "schemas": "schemas",
    "admitter": "admit (changes, custom resources, Pod Security)",
    "policy": "permit",
    "policies": "policies and organisation rules",
    "sets": "expand",
    "matcher": "entries that select nothing",
    "quotas": "quotas",
    "history": "history of images",
}
_MUCH = 0.03


class Timed:
    """A port that adds the seconds of its calls to `spent`, by name."""

    def __init__(self, port: Any, name: str, spent: dict[str, float]) -> None:  # noqa: ANN401 - any port
        self._port = port
        self._name = name
        self._spent = spent

    def __getattr__(self, attribute: str) -> Any:  # noqa: ANN401 - any port's
        found = getattr(self._port, attribute)
        if not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - any port's
            start = time.perf_counter()
            try:
                answer = found(*arguments, **named)
                if isinstance(answer, GeneratorType):
                    answer = iter(list(answer))
            finally:
                self._spent[self._name] += time.perf_counter() - start
            return Timed(answer, self._name, self._spent) if attribute == "with_definitions" else answer

        return call


class Round(NamedTuple):
    """Milliseconds of one check: by rule, by step, and of all of it."""

    rules: dict[str, float]
    steps: dict[str, float]
    whole: float


def check(root: str, since: str | None = None) -> Round:
    """Check the repository once."""
    gc.collect()
    gc.disable()  # as the command does
    start = time.perf_counter()
    files = wiring.files(root)
    tree = TextMemo(files, files.root, time.time_ns())
    settings = wiring.settings(tree)
    versions = Used(
        chosen("Kubernetes", "", kubernetes_versions()),
        chosen("Argo CD", "", argocd_versions()),
        assumed=True,
    )
    steps: dict[str, float] = defaultdict(float)
    rules: dict[str, float] = {}
    with wiring.judges(files, settings, versions, cached=True, since=since) as judges:
        timed: dict[str, Any] = {name: Timed(getattr(judges, name), name, steps) for name in _STEPS}
        case = CheckRepository(tree, judges._replace(**timed), Question(settings, versions, repository=_URL))
        case.run()
        whole = time.perf_counter() - start
        case.viewed = None
        second = CheckRepository(
            tree, judges, Question(settings, versions, rules=frozenset(), repository=_URL)
        )
        second.run()  # no rule has parsed anything yet
        assert second.viewed is not None  # noqa: S101 - run sets it
        for rule in ALL_RULES:
            before = time.perf_counter()
            list(rule.check(second.viewed))
            rules[rule.META.id] = (time.perf_counter() - before) * 1000
    gc.enable()
    return Round(rules, {name: seconds * 1000 for name, seconds in steps.items()}, whole * 1000)


def write(folder: Path, overlays: int) -> None:
    """Write the repository and commit it."""
    write_repository(folder, overlays)
    for path, text in _FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false"]
    for step in (["init", "-qb", "main"], ["add", "."], [*identity, "commit", "-qm", "one"]):
        subprocess.run(["git", *step], cwd=folder, check=True)


def change(folder: Path) -> None:
    """Change every tenth service's base."""
    for base in sorted(folder.glob("services/*/base/configmap.yaml"))[::10]:
        base.write_text(base.read_text(encoding="utf-8") + "  CHANGED: yes-it-is\n", encoding="utf-8")


def page(overlays: int, cold: Round, warm: list[Round], changed: list[Round]) -> str:
    """Return the tables."""
    lines = [
        "# What each rule costs",
        "Written by `python -m bench.rules --out docs/reference/rule-costs.md`; do not edit.",
        f"A check of {overlays} overlays with an Application each, in one process.",
        f"Medians of {len(warm)} rounds in which everything is rendered and judged already.",
        "One run on a noisy two-core machine: the shares of the total count, not the milliseconds.",
        "",
        "## Rules",
        "The first rule that looks into a file pays for parsing it.",
        "",
        "| rule | ms | share of the check |",
        "| --- | --- | --- |",
    ]
    whole = _median([each.whole for each in warm])
    costs = {rule: _median([each.rules[rule] for each in warm]) for rule in warm[0].rules}
    for rule, cost in sorted(costs.items(), key=lambda each: (-each[1], each[0])):
        share = f"{cost / whole:.1%}"
        lines.append(f"| `{rule}` | {cost:.2f} | {f'**{share}**' if cost / whole > _MUCH else share} |")
    lines += [
        f"| all {len(costs)} | {sum(costs.values()):.1f} | {sum(costs.values()) / whole:.0%} |",
        "",
        "## Judges",
        "Cold: nothing is rendered or remembered. Changed: `--since`, with a tenth of the bases changed.",
        "",
        "| step | cold, ms | unchanged, ms | changed, ms |",
        "| --- | --- | --- | --- |",
    ]
    for name, title in _STEPS.items():
        ms = [cold.steps.get(name, 0.0), *(_step(rounds, name) for rounds in (warm, changed))]
        lines.append(f"| {title} | {ms[0]:.1f} | {ms[1]:.1f} | {ms[2]:.1f} |")
    last = _median([each.whole for each in changed])
    lines.append(f"| the whole check | {cold.whole:.0f} | {whole:.0f} | {last:.0f} |")
    return "\n".join([*lines, ""])


def _step(rounds: list[Round], name: str) -> float:
    return _median([each.steps.get(name, 0.0) for each in rounds])


def _median(values: list[float]) -> float:
    return statistics.median(values)


def main() -> None:
    """Measure and print, or write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--overlays", type=int, default=300)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealock-bench-") as scratch:
        os.environ["SEALOCK_CACHE_DIR"] = f"{scratch}/cache"
        folder = Path(scratch) / "repository"
        write(folder, options.overlays)
        cold = check(str(folder))
        warm = [check(str(folder)) for _ in range(options.rounds)]
        change(folder)
        changed = [check(str(folder), since="HEAD") for _ in range(options.rounds)]
    text = page(options.overlays, cold, warm, changed)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
