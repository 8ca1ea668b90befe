"""Faults of ApplicationSets, which show in the Applications that they make."""

from __future__ import annotations

from tests.mutations.mutation import ARGOCD, ARGOCD_ISSUE, KINDS, Add, Edit, Mutation, Swap

DATABASE = "argocd/sets/database.yaml"
REPORTS = "argocd/sets/reports.yaml"
WEB = "argocd/sets/web.yaml"

_DOCS = f"{ARGOCD}/operator-manual/applicationset"
_TEMPLATE = f"{_DOCS}/GoTemplate/"
_OLD = "https://github.com/argoproj/applicationset/issues"
_SPEC = f"{ARGOCD}/operator-manual/applicationset/applicationset-specification/"


def _fault(  # noqa: PLR0913 - each is named in Mutation
    name: str, what: str, source: str, rule: str, *edits: Edit, at: tuple[str, ...] = (), gap: str = ""
) -> Mutation:
    return Mutation(name, "ApplicationSets", what, source, rule, edits, KINDS, at, gap=gap)


FAULTS = (
    _fault(
        "missing-keys-become-text",
        "what is missing is written as <no value>",
        _TEMPLATE,
        "missing-key-not-error",
        Swap(DATABASE, '  goTemplateOptions: ["missingkey=error"]\n', ""),
    ),
    _fault(
        "template-option-misspelt",
        "an option that Go's templates do not know",
        _TEMPLATE,
        "application-set-refused",
        Swap(DATABASE, "missingkey=error", "missingkey=errors"),
    ),
    _fault(
        "parameter-misspelt",
        "the template uses a parameter that no generator gives",
        _TEMPLATE,
        "application-set-refused",
        Swap(DATABASE, "{{.path.path}}", "{{.path.pathh}}"),
    ),
    _fault(
        "old-template-syntax",
        "`{{path}}` of the old templates under goTemplate",
        f"{_TEMPLATE}#migration-guide",
        "application-set-refused",
        Swap(DATABASE, "{{.path.path}}", "{{path}}"),
    ),
    _fault(
        "go-syntax-in-old-templates",
        "`{{.path.path}}` without goTemplate stays as it is",
        f"{_TEMPLATE}#migration-guide",
        "application-set-refused",
        Swap(DATABASE, '  goTemplate: true\n  goTemplateOptions: ["missingkey=error"]\n', ""),
    ),
    _fault(
        "template-not-closed",
        "the template does not parse",
        _TEMPLATE,
        "application-set-refused",
        Swap(DATABASE, "{{.path.path}}", "{{.path.path}"),
    ),
    _fault(
        "function-unknown",
        "a function that the templates do not have",
        f"{_TEMPLATE}#function-library",
        "application-set-refused",
        Swap(DATABASE, "database-{{.path.basename}}", "database-{{slug .path.basename}}"),
    ),
    _fault(
        "template-not-quoted",
        "a template that begins a value is YAML's own braces",
        f"{_OLD}/424",
        "unreadable-application",
        Swap(DATABASE, '"{{.path.path}}"', "{{.path.path}}"),
    ),
    _fault(
        "boolean-as-template",
        "a template in quotes where a boolean belongs",
        f"{_OLD}/424",
        "schema-violation",
        Swap(
            REPORTS,
            "    spec:\n      project: data\n",
            "    spec:\n      syncPolicy:\n        automated:\n"
            '          prune: "{{.prune}}"\n      project: data\n',
        ),
    ),
    _fault(
        "nested-selectors-off",
        "applyNestedSelectors: false counts no more",
        f"{ARGOCD}/operator-manual/upgrading/2.14-3.0/",
        "nested-selectors-ignored",
        Swap(WEB, "  goTemplate: true\n", "  goTemplate: true\n  applyNestedSelectors: false\n"),
    ),
    _fault(
        "rolling-sync-and-healing",
        "a rolling sync switches off the automation that the template asks for",
        f"{_DOCS}/Progressive-Syncs/",
        "rolling-sync-with-automation",
        Swap(
            REPORTS,
            "  goTemplate: true\n",
            "  goTemplate: true\n  strategy:\n    type: RollingSync\n"
            "    rollingSync:\n      steps:\n        - matchExpressions:\n"
            "            - {key: environment, operator: In, values: [dev]}\n",
        ),
    ),
    _fault(
        "lists-multiplied",
        "a matrix of two short lists",
        f"{_DOCS}/Generators-Matrix/",
        "matrix-without-need",
        Add(
            "argocd/sets/matrix.yaml",
            """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata:
  name: notes
  namespace: argocd
spec:
  goTemplate: true
  goTemplateOptions: ["missingkey=error"]
  generators:
    - matrix:
        generators:
          - list: {elements: [{service: notes}]}
          - list: {elements: [{environment: dev}, {environment: production}]}
  template:
    metadata:
      name: "{{.service}}-{{.environment}}"
      namespace: argocd
    spec:
      project: data
      source:
        repoURL: https://github.com/acme/data-manifests.git
        targetRevision: HEAD
        path: "{{.service}}"
      destination:
        server: "https://{{.environment}}.acme.example"
        namespace: data
""",
        ),
    ),
    _fault(
        "matrix-of-three",
        "a matrix takes exactly two generators",
        f"{_DOCS}/Generators-Matrix/#restrictions",
        "application-set-refused",
        Swap(
            WEB, "          - clusters:\n", "          - list: {elements: [{a: b}]}\n          - clusters:\n"
        ),
    ),
    _fault(
        "directories-misspelt",
        "a pattern of the git generator finds no folder: every Application goes",
        f"{_DOCS}/Generators-Git/",
        "application-set-empty",
        Swap(DATABASE, "- path: apps/database/overlays/*", "- path: apps/databse/overlays/*"),
    ),
    _fault(
        "no-cluster-selected",
        "a selector picks none of the clusters",
        f"{_DOCS}/Generators-Cluster/",
        "application-set-empty",
        Swap(WEB, 'environment: "{{.path.basename}}"', "tier: main"),
    ),
    _fault(
        "one-name-twice",
        "two elements make Applications of one name",
        f"{_DOCS}/Use-Cases/",
        "application-set-refused",
        Swap(REPORTS, "          - environment: production\n", "          - environment: dev\n"),
    ),
    _fault(
        "generated-path-missing",
        "the template's path leads nowhere",
        f"{_DOCS}/Template/",
        "application-path-missing",
        Swap(REPORTS, "apps/reports/overlays", "apps/report/overlays"),
    ),
    _fault(
        "element-without-folder",
        "an element names an environment without an overlay",
        f"{_DOCS}/Generators-List/",
        "application-path-missing",
        Swap(REPORTS, "          - environment: dev\n", "          - environment: staging\n"),
    ),
    _fault(
        "generated-destination-not-permitted",
        "the project does not permit what the template deploys to",
        f"{ARGOCD}/user-guide/projects/",
        "project-not-permitted",
        Swap(REPORTS, "        namespace: data\n", "        namespace: reports\n"),
    ),
    _fault(
        "patch-is-no-yaml",
        "the templatePatch renders to no YAML",
        f"{_DOCS}/Template/#template-patch",
        "application-set-refused",
        Swap(REPORTS, "          prune: {{.prune}}\n", "         prune: {{.prune}}\n"),
    ),
    _fault(
        "patch-invents-a-field",
        "the templatePatch sets a field that there is not",
        f"{_DOCS}/Template/#template-patch",
        "invented-field",
        Swap(REPORTS, "          selfHeal: true\n", "          selfHealing: true\n"),
    ),
    _fault(
        "patch-changes-the-project",
        "the templatePatch sets another project, which Argo CD ignores in silence",
        f"{_DOCS}/Template/#template-patch",
        "invented-field",
        Swap(
            REPORTS,
            "    spec:\n      syncPolicy:\n",
            "    spec:\n      project: default\n      syncPolicy:\n",
        ),
    ),
    _fault(
        "path-in-place-of-directories",
        "a git generator with `path`",
        f"{_DOCS}/Generators-Git/",
        "invented-field",
        Swap(
            DATABASE,
            "        directories:\n          - path: apps/database/overlays/*\n",
            "        path: apps/database/overlays/*\n",
        ),
    ),
    _fault(
        "preserve-in-the-template",
        "preserveResourcesOnDeletion in the Application's syncPolicy",
        f"{_DOCS}/Application-Deletion/",
        "invented-field",
        Swap(
            DATABASE,
            "      project: data\n",
            "      project: data\n      syncPolicy: {preserveResourcesOnDeletion: true}\n",
        ),
    ),
    _fault(
        "generated-production-prunes",
        "an element lets production delete by itself",
        f"{ARGOCD}/user-guide/auto_sync/",
        "production-auto-prune",
        Swap(REPORTS, '"false"', '"true"'),
    ),
    _fault(
        "generated-production-finalizer",
        "the template's finalizer deletes production's workloads",
        f"{ARGOCD}/user-guide/app_deletion/",
        "production-cascade-finalizer",
        Swap(
            DATABASE,
            '      name: "database-{{.path.basename}}"\n',
            '      name: "database-{{.path.basename}}"\n'
            "      finalizers: [resources-finalizer.argocd.argoproj.io]\n",
        ),
    ),
    _fault(
        "two-sets-one-overlay",
        "a second ApplicationSet deploys the same overlays",
        f"{ARGOCD_ISSUE}/11838",
        "object-owned-twice",
        Swap(WEB, "apps/web/overlays/*", "apps/database/overlays/*"),
        at=(WEB, DATABASE),
    ),
    _fault(
        "generator-left-out",
        "an entry of generators is empty",
        _SPEC,
        "application-set-refused",
        Swap(
            REPORTS,
            """\
    - list:
        elements:
          - environment: dev
            prune: "true"
          - environment: production
            prune: "false"
""",
            "    - {}\n",
        ),
    ),
    _fault(
        "template-without-project",
        "the template has no project",
        _SPEC,
        "schema-violation",
        Swap(DATABASE, "      project: data\n", ""),
    ),
)
