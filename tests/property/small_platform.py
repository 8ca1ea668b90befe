"""A small platform repository in which everything depends on something else, and edits of it.

Files are a dictionary from path to text. An edit changes the dictionary and takes two numbers, by which it
chooses what to change and how.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Files = dict[str, str]
    Edit = Callable[[Files, int, int], None]

URL = "https://github.com/acme/platform.git"
SERVICES = ("api", "web", "worker")
ENVIRONMENTS = ("dev", "staging", "production")

_BASE = {
    "kustomization.yaml": """\
resources: [deployment.yaml, service.yaml, config.yaml]
components: [../../../components/hardened]
""",
    "deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
  labels: {owner: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      serviceAccountName: shop
      containers:
        - name: main
          image: ghcr.io/acme/NAME
          ports: [{name: http, containerPort: 8080}]
          env:
            - name: LEVEL
              valueFrom: {configMapKeyRef: {name: NAME, key: LEVEL}}
            - name: SHARED
              valueFrom: {configMapKeyRef: {name: shared, key: REGION}}
          resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 200m, memory: 128Mi}}
""",
    "service.yaml": """\
apiVersion: v1
kind: Service
metadata: {name: NAME}
spec:
  selector: {app: NAME}
  ports: [{name: http, port: 80, targetPort: http}]
""",
    "config.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: NAME}
data: {LEVEL: info}
""",
}
_OVERLAY = """\
namespace: shop-ENV
resources: [../../base]
images:
  - {name: ghcr.io/acme/NAME, digest: "sha256:DIGEST"}
patches:
  - path: replicas.yaml
"""
_REPLICAS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec: {replicas: 2}
"""
_SPACE = """\
apiVersion: v1
kind: Namespace
metadata:
  name: shop-ENV
  labels: {pod-security.kubernetes.io/enforce: restricted}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: shop, namespace: shop-ENV}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shared, namespace: shop-ENV}
data: {REGION: eu}
"""
_QUOTA = """\
apiVersion: v1
kind: ResourceQuota
metadata: {name: shop, namespace: shop-ENV}
spec:
  hard: {pods: "40", requests.cpu: "10"}
---
apiVersion: v1
kind: LimitRange
metadata: {name: shop, namespace: shop-ENV}
spec:
  limits: [{type: Container, max: {memory: 1Gi}}]
"""
_APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: NAME-ENV
  namespace: argocd
  annotations: {argocd.argoproj.io/sync-wave: "1"}
spec:
  project: shop
  source: {repoURL: "URL", path: PATH, targetRevision: main}
  destination: {server: "https://kubernetes.default.svc", namespace: shop-ENV}
  syncPolicy: {automated: {prune: false, selfHeal: true}}
"""
_PLAIN = {
    "README.md": "# Platform\n",
    "services.yaml": f"repository: {URL}\nservices: {{}}\n",
    "sealock.yaml": """\
healthOverrides: [argoproj.io/Application]
policy:
  custom:
    - id: has-owner
      kinds: [Deployment]
      expression: has(object.metadata.labels) && 'owner' in object.metadata.labels
      message: a Deployment says whose it is
waivers:
  - {rule: mutable-tag-in-production, path: "services/worker/**", reason: a test, expires: 2099-12-31}
""",
    "components/hardened/kustomization.yaml": """\
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
  - path: security.yaml
    target: {kind: Deployment}
""",
    "components/hardened/security.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: any}
spec:
  template:
    spec:
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: main
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
""",
    "projects/shop.yaml": """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: shop, namespace: argocd}
spec:
  sourceRepos: ["https://github.com/acme/*"]
  destinations: [{server: "https://kubernetes.default.svc", namespace: "shop-*"}]
  clusterResourceWhitelist: [{group: "", kind: Namespace}]
""",
    "policies/replicas.yaml": """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: replicas}
spec:
  failurePolicy: Fail
  paramKind: {apiVersion: v1, kind: ConfigMap}
  matchConstraints:
    resourceRules:
      - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}
  validations: [{expression: "object.spec.replicas <= int(params.data.most)", message: too many replicas}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: replicas}
spec:
  policyName: replicas
  validationActions: [Deny]
  paramRef: {name: limits, namespace: policies, parameterNotFoundAction: Deny}
""",
    "policies/limits.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: limits, namespace: policies}
data: {most: "5"}
""",
    "policies/kustomization.yaml": "resources: [replicas.yaml, limits.yaml]\n",
    "definitions/widgets.yaml": """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.acme.example}
spec:
  group: acme.example
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {size: {type: integer, maximum: 5}}}
""",
    "sets/dev.yaml": f"""\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: dev, namespace: argocd}}
spec:
  goTemplate: true
  goTemplateOptions: ["missingkey=error"]
  generators:
    - git: {{repoURL: "{URL}", revision: main, directories: [{{path: services/*/overlays/dev}}]}}
  template:
    metadata: {{name: "{{{{ index .path.segments 1 }}}}-dev"}}
    spec:
      project: shop
      source: {{repoURL: "{URL}", targetRevision: main, path: "{{{{ .path.path }}}}"}}
      destination: {{server: "https://kubernetes.default.svc", namespace: shop-dev}}
      syncPolicy: {{automated: {{prune: true, selfHeal: true}}}}
""",
    "sets/staging.yaml": f"""\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: staging, namespace: argocd}}
spec:
  goTemplate: true
  goTemplateOptions: ["missingkey=error"]
  generators:
    - git: {{repoURL: "{URL}", revision: main, files: [{{path: "sets/staging/*.json"}}]}}
  template:
    metadata: {{name: "{{{{ .name }}}}-staging"}}
    spec:
      project: shop
      source: {{repoURL: "{URL}", targetRevision: main, path: "services/{{{{ .name }}}}/overlays/staging"}}
      destination: {{server: "https://kubernetes.default.svc", namespace: shop-staging}}
      syncPolicy: {{automated: {{prune: true, selfHeal: true}}}}
""",
    "root/kustomization.yaml": "resources: [spaces.yaml, api.yaml, web.yaml, worker.yaml]\n",
}


def platform() -> Files:
    """Return the files of a platform without a fault."""
    files = dict(_PLAIN)
    root = (
        _filled(_APPLICATION, "root", "production")
        .replace("PATH", "root")
        .replace("shop-production", "argocd")
    )
    files["argocd/root.yaml"] = root.replace("project: shop", "project: default")
    for number, service in enumerate(SERVICES):
        for file, text in _BASE.items():
            files[f"services/{service}/base/{file}"] = _filled(text, service, "")
        for environment in ENVIRONMENTS:
            overlay = f"services/{service}/overlays/{environment}"
            text = _filled(_OVERLAY, service, environment).replace("DIGEST", f"{number + 1:064x}")
            files[f"{overlay}/kustomization.yaml"] = text
            files[f"{overlay}/replicas.yaml"] = _filled(_REPLICAS, service, environment)
        path = f"services/{service}/overlays/production"
        files[f"root/{service}.yaml"] = _filled(_APPLICATION, service, "production").replace("PATH", path)
        files[f"sets/staging/{service}.json"] = f'{{"name": "{service}"}}\n'
    # Its tag moves, and sealock.yaml says why that is right.
    moving = "services/worker/overlays/production/kustomization.yaml"
    files[moving] = re.sub(r"digest: \"\S+\"", "newTag: latest", files[moving])
    for environment in ENVIRONMENTS:
        folder = f"spaces/overlays/{environment}"
        files[f"{folder}/kustomization.yaml"] = "resources: [space.yaml, quota.yaml]\n"
        files[f"{folder}/space.yaml"] = _filled(_SPACE, "", environment)
        files[f"{folder}/quota.yaml"] = _filled(_QUOTA, "", environment)
    spaces = _filled(_APPLICATION, "spaces", "production").replace("PATH", "spaces/overlays/production")
    files["root/spaces.yaml"] = spaces.replace('"1"', '"0"')
    # One Application deploys what is the base of an overlay too.
    tools = _filled(_APPLICATION, "tools", "tools").replace("PATH", "tools/base")
    files["argocd/tools.yaml"] = tools.replace('  annotations: {argocd.argoproj.io/sync-wave: "1"}\n', "")
    files["tools/base/kustomization.yaml"] = "namespace: shop-tools\nresources: [config.yaml]\n"
    files["tools/base/config.yaml"] = _filled(_BASE["config.yaml"], "tools", "")
    files["tools/overlays/dev/kustomization.yaml"] = "namespace: tools-dev\nresources: [../../base]\n"
    # One deploys a folder of plain manifests.
    plain = _filled(_APPLICATION, "flags", "tools").replace("PATH", "plain, directory: {recurse: true}")
    files["argocd/flags.yaml"] = plain.replace('  annotations: {argocd.argoproj.io/sync-wave: "1"}\n', "")
    files["plain/flags.yaml"] = _filled(_BASE["config.yaml"], "flags", "")
    files["plain/deep/config.yaml"] = _filled(_BASE["config.yaml"], "deep", "")
    widget = "apiVersion: acme.example/v1\nkind: Widget\nmetadata: {name: first}\nspec: {size: 3}\n"
    files["services/web/base/widget.yaml"] = widget
    kustomization = "services/web/base/kustomization.yaml"
    files[kustomization] = files[kustomization].replace("config.yaml]", "config.yaml, widget.yaml]")
    return files


def _filled(text: str, service: str, environment: str) -> str:
    return text.replace("NAME", service).replace("ENV", environment).replace('"URL"', f'"{URL}"')


def _replace(pattern: str, old: str, *new: str) -> Edit:
    """Return an edit that replaces a text in one of the files that match."""

    def edit(files: Files, which: int, how: int) -> None:
        found = [path for path in sorted(files) if re.search(pattern, path) and re.search(old, files[path])]
        if found:
            path = found[which % len(found)]
            files[path] = re.sub(old, new[how % len(new)], files[path], count=1)

    return edit


def _chosen(files: Files, which: int, pattern: str = "") -> str:
    found = [path for path in sorted(files) if re.search(pattern, path)]
    return found[which % len(found)]


def _remove(files: Files, which: int, how: int) -> None:
    path = _chosen(files, which)
    if how % 4 == 0:
        folder = path.rpartition("/")[0]
        for each in [each for each in files if folder and each.startswith(f"{folder}/")]:
            del files[each]
    files.pop(path, None)


def _remove_overlay(files: Files, which: int, how: int) -> None:
    folder = _chosen(files, which, "overlays/.*kustomization").rpartition("/")[0]
    for each in [each for each in files if each.startswith(f"{folder}/")]:
        if how % 2:
            files[each.replace("/overlays/", "/overlays/new-")] = files[each]
        del files[each]


def _copy(files: Files, which: int, how: int) -> None:
    """Bring a file into another folder, listed in its kustomization or not."""
    path = _chosen(files, which, r"^(?!.*kustomization).*\.yaml$")
    to = _chosen(files, how, "kustomization.yaml$")
    copy = f"{to.rpartition('/')[0]}/copy.yaml"
    files[copy] = files[path]
    if (which + how) % 3:
        files[to] = re.sub(r"resources: \[", "resources: [copy.yaml, ", files[to])


def _rename_object(files: Files, which: int, how: int) -> None:
    path = _chosen(files, which, r"/(service|config|space|quota|deployment|widget|limits)\.yaml$")
    files[path] = re.sub(r"(name:) ([a-z-]+)", rf"\1 \2-{how % 2}", files[path], count=1)


def _break(files: Files, which: int, how: int) -> None:
    path = _chosen(files, which, r"\.(yaml|json)$")
    files[path] += (": : [\n", "- a\nb: c\n", "\t\n---\n'", "kind: [")[how % 4]


def _unlist(files: Files, which: int, how: int) -> None:
    path = _chosen(files, which, "kustomization.yaml$")
    entries = re.search(r"resources: \[(.*)\]", files[path])
    if entries:
        names = entries[1].split(", ")
        del names[how % len(names)]
        files[path] = files[path].replace(entries[0], f"resources: [{', '.join(names)}]")


_KUSTOMIZATION = r"overlays/.*kustomization\.yaml$"
EDITS: dict[str, Edit] = {
    "remove a file or folder": _remove,
    "remove or rename an overlay": _remove_overlay,
    "copy a file into a kustomization": _copy,
    "rename an object": _rename_object,
    "break a file": _break,
    "take a resource out": _unlist,
    "a namespace": _replace(
        "spaces/.*space", "enforce: [a-z]+", "enforce: privileged", "enforce: baseline", "x: y"
    ),
    "a quota": _replace("spaces/.*quota", r"(pods: )\"\d+\"", r'\1"3"', r'\1"1"'),
    "a plain manifest": _replace("plain/", "LEVEL: .*}", "LEVEL: 1}", "LEVEL: high}", "}\nspec: {}"),
    "a folder's options": _replace("argocd/flags", "recurse: true", "recurse: false", "exclude: 'deep/*'"),
    "a limit": _replace(
        "spaces/.*quota", r"max: \{memory: \w+\}", "max: {memory: 100Mi}", "min: {memory: 1Gi}"
    ),
    "a project's destinations": _replace("projects/", "shop-\\*", "shop-dev", "other"),
    "a project's sources": _replace("projects/", "github.com/acme", "github.com/other", "*"),
    "a project's kinds": _replace(
        "projects/",
        "  clusterResourceWhitelist.*",
        "",
        "  namespaceResourceBlacklist: [{group: apps, kind: Deployment}]",
    ),
    "a project's name": _replace("projects/", "name: shop", "name: store"),
    "a policy": _replace("policies/replicas", "<= int", "< int", "< 2 * int", "<= in"),
    "a binding": _replace("policies/replicas", r"\[Deny\]", "[Warn]", "[Audit]"),
    "a parameter": _replace("policies/limits", r"\"\d+\"", '"1"', '"none"'),
    "a definition": _replace("definitions/", r"maximum: \d", "maximum: 2", "maximum: 9"),
    "a definition's name": _replace("definitions/", "kind: Widget,", "kind: Gadget,"),
    "a custom resource": _replace("widget.yaml", r"size: \S+}", "size: 6}", "size: big}", "sise: 1}"),
    "an organisation rule": _replace("sealock.yaml", "'owner' in", "'team' in", "'owner' in in"),
    "a waiver": _replace("sealock.yaml", "2099", "2001"),
    "a waived path": _replace("sealock.yaml", r"services/worker/\*\*", "services/**", "nothing/**"),
    "an override": _replace("sealock.yaml", "healthOverrides.*", ""),
    "the repository's URL": _replace("services.yaml", "acme", "other"),
    "an image": _replace(
        _KUSTOMIZATION, r"digest: \"\S+\"", "newTag: latest", "newTag: 1.2.3", f'digest: "sha256:{"a" * 64}"'
    ),
    "an image's name": _replace(_KUSTOMIZATION, r"ghcr.io/acme/\w+", "ghcr.io/acme/none", "ghcr.io/(acme"),
    "an overlay's namespace": _replace(
        _KUSTOMIZATION, "namespace: .*", "namespace: other", "", "namespace: shop-dev"
    ),
    "a suffix": _replace(_KUSTOMIZATION, "^", "nameSuffix: -b\n", "namePrefix: a-\n"),
    "replicas": _replace("replicas.yaml", r"replicas: \d", "replicas: 9", "replicas: 0", "replicas: 3"),
    "a patch's name": _replace("replicas.yaml", r"name: \w+", "name: none"),
    "a selector": _replace(
        "deployment.yaml", r"matchLabels: \{app: \w+", "matchLabels: {app: x", "matchLabels: {a: b"
    ),
    "labels": _replace("deployment.yaml", "owner: shop", "team: shop"),
    "a field": _replace("(deployment|service|config).yaml", "(spec|data):", "sepc:"),
    "an account": _replace("deployment.yaml", "serviceAccountName: shop", "serviceAccountName: none"),
    "a port's name": _replace("deployment.yaml", "name: http", "name: web"),
    "a memory limit": _replace("deployment.yaml", "memory: 128Mi", "memory: 2Gi", "memory: 1Mi"),
    "a service's selector": _replace("service.yaml", "selector: {app: ", "selector: {app: x"),
    "a service's port": _replace("service.yaml", "targetPort: http", "targetPort: grpc", "targetPort: 1.5"),
    "a key": _replace("(config|space).yaml", "(LEVEL|REGION):", "OTHER:"),
    "the component": _replace(
        "hardened/security", "runAsNonRoot: true", "runAsNonRoot: false", "hostNetwork: true"
    ),
    "the component's use": _replace("services/.*kustomization", "components: .*", ""),
    "an application's path": _replace(
        "(root|argocd)/.*yaml",
        "path: [^,]+",
        "path: nowhere",
        "path: services/api/overlays/dev",
        "path: services/api/base",
    ),
    "an application's project": _replace(
        "(root|argocd)/.*yaml", r"project: \w+", "project: none", "project: default"
    ),
    "an application's namespace": _replace(
        "(root|argocd)/.*yaml", "namespace: shop-production", "namespace: x", "namespace: shop-dev"
    ),
    "an application's name": _replace(
        "root/.*yaml", r"name: [a-z]+-production", "name: api-production", "name: api-dev"
    ),
    "a sync policy": _replace(
        "(root|argocd|sets)/.*yaml", r"prune: \w+, selfHeal: \w+", "prune: true, selfHeal: false"
    ),
    "a wave": _replace(
        "root/.*yaml", r"sync-wave: \"\d\"", "sync-wave: 1", 'sync-wave: "x"', 'sync-wave: "-1"'
    ),
    "a generator": _replace(
        "sets/.*yaml",
        r"path: (services|\"sets)[^}]*",
        "path: services/*/overlays/*",
        "path: services/a*/overlays/dev",
    ),
    "a template": _replace(
        "sets/.*yaml", r"namespace: shop-\w+", "namespace: shop-production", "namespace: '{{ .none }}'"
    ),
    "a template's options": _replace("sets/.*yaml", "  goTemplateOptions.*\n", ""),
    "a generator's file": _replace("sets/.*json", r": \"\w+\"", ': "none"', ': "api"', ": 1"),
    "a version": _replace("deployment.yaml", "apps/v1", "apps/v1beta1", "apps/v2"),
}


def apply(files: Files, edits: Sequence[tuple[str, int, int]]) -> Files:
    """Return the files with the edits made, one after the other."""
    changed = dict(files)
    for name, which, how in edits:
        EDITS[name](changed, which, how)
    return changed
