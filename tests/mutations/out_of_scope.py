"""Realistic faults that nobody can tell from a repository alone, and why."""

from __future__ import annotations

from typing import NamedTuple


class OutOfScope(NamedTuple):
    """A fault, and what a check would have to know to find it."""

    what: str
    why: str


OUT_OF_SCOPE = (
    OutOfScope("the image, its tag or its digest is not in the registry", "only the registry knows"),
    OutOfScope("an image of another architecture than the nodes", "the image and the nodes say so, not Git"),
    OutOfScope("a digest that belongs to another image than its tag says", "only the registry knows"),
    OutOfScope(
        "a pull secret that is missing or has expired", "it is made in the cluster, and times out there"
    ),
    OutOfScope(
        "a Secret that nothing in Git makes",
        "people, operators and vaults make Secrets; most that look missing are not",
    ),
    OutOfScope("a Secret that lacks a key which a Pod reads", "its keys are in the cluster"),
    OutOfScope(
        "a project, cluster or repository that Argo CD does not know",
        "Argo CD's Secrets and API know; the "
        "`default` project and those of other repositories are right without being here",
    ),
    OutOfScope(
        "targetRevision names a branch or tag that is gone",
        "the remote knows; a clone may lag behind or be shallow",
    ),
    OutOfScope(
        "a chart's version that is not in its registry, or values that its templates refuse",
        "the chart is fetched from the network",
    ),
    OutOfScope(
        "a binding names an admission policy that is not there: nothing is enforced",
        "the policy may come from another repository",
    ),
    OutOfScope("an admission webhook refuses or changes an object", "it runs in the cluster"),
    OutOfScope(
        "a MutatingAdmissionPolicy or a default of the cluster makes a right object wrong",
        "it is in the cluster",
    ),
    OutOfScope("a quota is used up by what others run in the namespace", "the cluster counts"),
    OutOfScope(
        "a custom resource of a definition that is only in the cluster",
        "undecided, and the check says so; name the definition in sealock.yaml",
    ),
    OutOfScope(
        "a StorageClass, IngressClass, PriorityClass or RuntimeClass that the cluster does not have",
        "clusters bring theirs along",
    ),
    OutOfScope(
        "a node port that is taken, or out of the cluster's range", "the range is a flag of the API server"
    ),
    OutOfScope("a cluster IP or load balancer address that is taken", "the cluster hands them out"),
    OutOfScope(
        "no node fits: selectors, taints, affinities or requests that nothing in the cluster satisfies",
        "the nodes are in the cluster",
    ),
    OutOfScope("a probe asks for a path that the program does not serve", "the program says so when it runs"),
    OutOfScope("a limit that is too low: the container is killed", "it shows under load"),
    OutOfScope("a value of a ConfigMap that the program cannot read", "the program's own grammar"),
    OutOfScope(
        "a NetworkPolicy that cuts off what a service needs", "who calls whom is not declared in manifests"
    ),
    OutOfScope(
        "a drift: somebody changed the live object by hand",
        "a check looks at Git; only the cluster has the live object",
    ),
    OutOfScope(
        "an update that field managers or conversion in the cluster make fail",
        "the live object says who owns what",
    ),
    OutOfScope(
        "a sync window that is closed when it matters", "it depends on the time, and on operations under way"
    ),
    OutOfScope(
        "an argocd-cm that forbids or overrides something (exclusions, tracking, health)",
        "mostly installed by a chart, elsewhere",
    ),
    OutOfScope(
        "a certificate or token in the repository that has expired or was revoked", "who issued it knows"
    ),
)
