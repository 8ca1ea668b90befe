"""Asks both judges about every case, once."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from testbed.build import program
from testbed.control_plane import ControlPlane
from tests.agreement import cases, policies, quotas
from tests.agreement.api_server import ApiServer, namespace_of
from tests.agreement.comparing import (
    NOT_SERVED,
    Difference,
    Policies,
    Quotas,
    Verdict,
    both,
    differences,
    of_engine,
    of_policies,
    of_quotas,
    of_server,
)
from tests.agreement.kubectl import LAST_APPLIED, Kubectl
from tests.agreement.manifests import definitions
from tests.agreement.pod_security import NAMESPACES

from sealock.adapters.engine import open_pool
from sealock.domain.rendered import Admission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.agreement.cases import Case
    from tests.agreement.manifests import Manifest

    from sealock.adapters.engine_pool import EnginePool


class Judged(NamedTuple):
    """A case with both verdicts.

    `by_kubectl` has what client-side `kubectl apply` comes to, where server-side apply comes to something
    else than the engine, which does as kubectl: Argo CD does either.
    """

    case: Case
    server: Verdict
    engine: Verdict
    by_kubectl: Verdict | None = None

    @property
    def differences(self) -> list[Difference]:
        """Return how the verdicts differ."""
        change = self.case.old is not None
        return differences(self.by_kubectl or self.server, self.engine, of_change=change)


def judge_all() -> list[Judged]:
    """Start a control plane and an engine, and put every case to both."""
    with ControlPlane(program()) as access, open_pool() as pool, TemporaryDirectory() as folder:
        server = ApiServer(access)
        try:
            _furnish(server)
            return [
                *_created(server, pool),
                *_policed(server, pool),
                *_allotted(server, pool),
                *_updated(server, pool, Kubectl(access, Path(folder))),
            ]
        finally:
            server.close()


def _furnish(server: ApiServer) -> None:
    server.define(definitions())
    for name, labels in (NAMESPACES | policies.NAMESPACES).items():
        server.ensure_namespace(name, labels)


def _created(server: ApiServer, pool: EnginePool) -> list[Judged]:
    asked = cases.creations()
    ours = _admissions(pool, [{"object": each.manifest} for each in asked])
    return [
        Judged(case, _on_create(server, case.manifest), of_engine(case.manifest, mine))
        for case, mine in zip(asked, ours, strict=True)
    ]


def _on_create(server: ApiServer, manifest: Manifest) -> Verdict:
    resource = server.resource(manifest)
    if resource is None:
        return NOT_SERVED
    if resource.namespaced:
        server.ensure_namespace(namespace_of(manifest))
    return of_server(server.create(manifest))


def _policed(server: ApiServer, pool: EnginePool) -> list[Judged]:
    """Judge objects by policies alone: their own faults are others' business."""
    kinds = ("ConfigMap", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    parameters, rules, bindings = map(policies.of_kind, kinds)
    for each in (*parameters, *rules, *bindings):
        assert server.create(each, keep=True).accepted, each
    server.wait_until_refused(policies.canary())
    asked = cases.policed()
    known = {
        "policies": rules,
        "bindings": bindings,
        "parameters": parameters,
        "namespaces": [{"name": name, "labels": labels} for name, labels in policies.NAMESPACES.items()],
    }
    answers = dict(pool.call("policy", known, [{"object": each.manifest} for each in asked]))
    ours = [msgspec.json.decode(answers[index].result(), type=Policies) for index in range(len(asked))]
    return [
        Judged(case, of_server(server.create(case.manifest)), of_policies(mine))
        for case, mine in zip(asked, ours, strict=True)
    ]


def _allotted(server: ApiServer, pool: EnginePool) -> list[Judged]:
    """Create scene by scene, for only what is there counts; what controllers would create is created too."""
    scenes = list(quotas.scenes())
    items = [{"objects": [*each.rules, *each.objects], "namespace": each.namespace} for each in scenes]
    answers = dict(pool.call("quota", {}, items))
    found: list[Judged] = []
    for number, scene in enumerate(scenes):
        server.ensure_namespace(scene.namespace)
        for rule in (*scene.rules, *quotas.last_of(scene)):
            _enact(server, rule)
        for refused in quotas.canaries(scene):
            server.wait_until_refused(refused)
        answer = msgspec.json.decode(answers[number].result(), type=Quotas)
        found += [
            Judged(case, _on_work(server, case.manifest), of_quotas(answer, index))
            for index, case in enumerate(cases.allotted(scene), len(scene.rules))
        ]
    return found


def _enact(server: ApiServer, rule: Manifest) -> None:
    """Create a LimitRange or ResourceQuota; a controller would count what is there, nothing."""
    reply = server.create(rule, keep=True)
    assert reply.accepted, reply
    if rule["kind"] == "ResourceQuota":
        hard = rule["spec"]["hard"]
        status = {"hard": hard, "used": dict.fromkeys(hard, "0")}
        server.stand_in(rule, "/status", {"status": status})


def _on_work(server: ApiServer, manifest: Manifest) -> Verdict:
    """Create an object and its pods; the first refusal counts, whose paths are the pod's."""
    for each in (manifest, *quotas.made_of(manifest)):
        reply = server.create(each, keep=True)
        if not reply.accepted:
            return Verdict(refused=True, faults=frozenset({("", str(reply.body["message"]))}), partial=True)
    return Verdict(refused=False)


def _updated(server: ApiServer, pool: EnginePool, kubectl: Kubectl) -> list[Judged]:
    """Judge changes: whether the new manifest is right, and whether it may follow the old one."""
    asked = cases.updates()
    alone = _admissions(pool, [{"object": each.manifest} for each in asked])
    ours = _admissions(pool, [{"object": each.manifest, "old": each.old} for each in asked])
    found: list[Judged] = []
    there: list[Manifest] = []
    for case, first, second in zip(asked, alone, ours, strict=True):
        if case.old is not None and case.old not in there:
            _settle(server, case.old)
            there.append(case.old)
        fresh = _on_create(server, case.manifest)
        judged = Judged(
            case,
            both(fresh, of_server(server.apply(case.manifest))),
            of_engine(case.manifest, first, second),
        )
        if judged.differences:
            judged = judged._replace(by_kubectl=both(fresh, kubectl.apply(case.manifest)))
        found.append(judged)
    return found


def _settle(server: ApiServer, manifest: Manifest) -> None:
    """Create an object as apply does, and do what controllers would do with it."""
    server.ensure_namespace(namespace_of(manifest))
    applied = copy.deepcopy(manifest)
    applied["metadata"].setdefault("annotations", {})[LAST_APPLIED] = json.dumps(manifest) + "\n"
    reply = server.apply(applied, keep=True)
    assert reply.accepted, reply
    if manifest["kind"] == "PersistentVolumeClaim":
        spec = manifest["spec"]
        server.stand_in(manifest, "", {"spec": {"volumeName": "pvc-of-uploads"}})
        status = {
            "phase": "Bound",
            "accessModes": spec["accessModes"],
            "capacity": spec["resources"]["requests"],
        }
        server.stand_in(manifest, "/status", {"status": status})
    if manifest["kind"] == "CustomResourceDefinition":
        server.wait_until_served([manifest])


def _admissions(pool: EnginePool, items: Sequence[dict[str, Any]]) -> list[Admission]:
    """Ask the engine; definitions are large, so that only custom resources come with them."""
    groups = {each["spec"]["group"] for each in definitions()}
    custom = {
        index
        for index, each in enumerate(items)
        if str(each["object"].get("apiVersion")).split("/")[0] in groups
    }
    answers: dict[int, Admission] = {}
    for known, indices in ((definitions(), sorted(custom)), ((), sorted(set(range(len(items))) - custom))):
        namespaces = [{"name": name, "labels": labels} for name, labels in NAMESPACES.items()]
        parameters = {"definitions": known, "namespaces": namespaces}
        for position, answer in pool.call("admit", parameters, [items[index] for index in indices]):
            answers[indices[position]] = msgspec.json.decode(answer.result(), type=Admission)
    return [answers[index] for index in range(len(items))]
