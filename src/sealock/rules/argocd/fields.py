"""Every field of Argo CD's three kinds, and the version that brought it.

Source: the CustomResourceDefinitions of Argo CD 3.3 to 3.5; a test compares. A source of an Application
stands for each of `sources` and for a hydrator's `drySource`, `generator` for each generator of an
ApplicationSet at any depth; the template of an ApplicationSet holds the `spec` of an Application.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealock.domain.yaml_document import Path
    from sealock.rules.meta import Version

# One line a parent: its fields, with `@` and a version where they came after the oldest supported one.
_FIELDS = {
    "Application": """
.: apiVersion kind metadata spec
spec: destination ignoreDifferences info project revisionHistoryLimit source sourceHydrator sources
  syncPolicy
spec.destination: name namespace server
spec.ignoreDifferences[]: group jqPathExpressions jsonPointers kind managedFieldsManagers name namespace
spec.info[]: name value
spec.source: chart directory helm kustomize name path plugin ref repoURL tagPrefix@3.5 targetRevision
spec.source.directory: exclude include jsonnet recurse
spec.source.directory.jsonnet: extVars libs tlas
spec.source.directory.jsonnet.extVars[]: code name value
spec.source.directory.jsonnet.tlas[]: code name value
spec.source.helm: apiVersions fileParameters ignoreMissingValueFiles kubeVersion namespace
  parameters passCredentials releaseName skipCrds skipSchemaValidation skipTests valueFiles values
  valuesObject version
spec.source.helm.fileParameters[]: name path
spec.source.helm.parameters[]: forceString name value
spec.source.kustomize: apiVersions commonAnnotations commonAnnotationsEnvsubst commonLabels
  components forceCommonAnnotations forceCommonLabels ignoreMissingComponents images kubeVersion
  labelIncludeTemplates labelWithoutSelector namePrefix nameSuffix namespace patches replicas version
spec.source.kustomize.patches[]: options patch path target
spec.source.kustomize.patches[].target: annotationSelector group kind labelSelector name namespace version
spec.source.kustomize.replicas[]: count name
spec.source.plugin: env name parameters
spec.source.plugin.env[]: name value
spec.source.plugin.parameters[]: array map name string
spec.sourceHydrator: drySource hydrateTo syncSource
spec.sourceHydrator.hydrateTo: targetBranch
spec.sourceHydrator.syncSource: path repoURL@3.5 targetBranch
spec.syncPolicy: automated managedNamespaceMetadata retry syncOptions
spec.syncPolicy.automated: allowEmpty enabled prune selfHeal
spec.syncPolicy.managedNamespaceMetadata: annotations labels
spec.syncPolicy.retry: backoff limit refresh
spec.syncPolicy.retry.backoff: duration factor maxDuration
""",
    "AppProject": """
.: apiVersion kind metadata spec
spec: clusterResourceBlacklist clusterResourceWhitelist description destinationServiceAccounts
  destinations namespaceResourceBlacklist namespaceResourceWhitelist orphanedResources
  permitOnlyProjectScopedClusters roles signatureKeys sourceIntegrity@3.5 sourceNamespaces sourceRepos
  syncWindows
spec.clusterResourceBlacklist[]: group kind name
spec.clusterResourceWhitelist[]: group kind name
spec.destinationServiceAccounts[]: defaultServiceAccount namespace server
spec.destinations[]: name namespace server
spec.namespaceResourceBlacklist[]: group kind
spec.namespaceResourceWhitelist[]: group kind
spec.orphanedResources: ignore warn
spec.orphanedResources.ignore[]: group kind name
spec.roles[]: description groups jwtTokens name policies
spec.roles[].jwtTokens[]: exp iat id
spec.signatureKeys[]: keyID
spec.sourceIntegrity: git@3.5
spec.sourceIntegrity.git: policies@3.5
spec.sourceIntegrity.git.policies[]: gpg@3.5 repos@3.5
spec.sourceIntegrity.git.policies[].gpg: keys@3.5 mode@3.5
spec.sourceIntegrity.git.policies[].repos[]: url@3.5
spec.syncWindows[]: andOperator applications clusters description duration kind manualSync
  namespaces schedule syncOverrun@3.5 timeZone
""",
    "ApplicationSet": """
.: apiVersion kind metadata spec
generator: clusterDecisionResource clusters git list matrix merge plugin pullRequest scmProvider selector
generator.clusterDecisionResource: configMapRef labelSelector name requeueAfterSeconds template values
generator.clusterDecisionResource.labelSelector: matchExpressions matchLabels
generator.clusterDecisionResource.labelSelector.matchExpressions[]: key operator values
generator.clusters: flatList selector template values
generator.clusters.selector: matchExpressions matchLabels
generator.clusters.selector.matchExpressions[]: key operator values
generator.git: directories files pathParamPrefix repoURL requeueAfterSeconds revision template values
generator.git.directories[]: exclude path
generator.git.files[]: exclude path
generator.list: elements elementsYaml template
generator.matrix: generators template
generator.merge: generators mergeKeys template
generator.plugin: configMapRef input requeueAfterSeconds template values
generator.plugin.configMapRef: name
generator.plugin.input: parameters
generator.pullRequest: azuredevops bitbucket bitbucketServer continueOnRepoNotFoundError filters
  gitea github gitlab requeueAfterSeconds template values
generator.pullRequest.azuredevops: api labels organization project repo tokenRef
generator.pullRequest.azuredevops.tokenRef: key secretName
generator.pullRequest.bitbucket: api basicAuth bearerToken owner repo
generator.pullRequest.bitbucket.basicAuth: passwordRef username
generator.pullRequest.bitbucket.basicAuth.passwordRef: key secretName
generator.pullRequest.bitbucket.bearerToken: tokenRef
generator.pullRequest.bitbucket.bearerToken.tokenRef: key secretName
generator.pullRequest.bitbucketServer: api basicAuth bearerToken caRef insecure project repo
generator.pullRequest.bitbucketServer.basicAuth: passwordRef username
generator.pullRequest.bitbucketServer.basicAuth.passwordRef: key secretName
generator.pullRequest.bitbucketServer.bearerToken: tokenRef
generator.pullRequest.bitbucketServer.bearerToken.tokenRef: key secretName
generator.pullRequest.bitbucketServer.caRef: configMapName key
generator.pullRequest.filters[]: branchMatch targetBranchMatch titleMatch
generator.pullRequest.gitea: api insecure labels owner repo tokenRef
generator.pullRequest.gitea.tokenRef: key secretName
generator.pullRequest.github: api appSecretName labels owner repo tokenRef
generator.pullRequest.github.tokenRef: key secretName
generator.pullRequest.gitlab: api caRef insecure labels project pullRequestState tokenRef
generator.pullRequest.gitlab.caRef: configMapName key
generator.pullRequest.gitlab.tokenRef: key secretName
generator.scmProvider: awsCodeCommit azureDevOps bitbucket bitbucketServer cloneProtocol filters
  gitea github gitlab requeueAfterSeconds template values
generator.scmProvider.awsCodeCommit: allBranches region role tagFilters
generator.scmProvider.awsCodeCommit.tagFilters[]: key value
generator.scmProvider.azureDevOps: accessTokenRef allBranches api organization teamProject
generator.scmProvider.azureDevOps.accessTokenRef: key secretName
generator.scmProvider.bitbucket: allBranches appPasswordRef owner user
generator.scmProvider.bitbucket.appPasswordRef: key secretName
generator.scmProvider.bitbucketServer: allBranches api basicAuth bearerToken caRef insecure project
generator.scmProvider.bitbucketServer.basicAuth: passwordRef username
generator.scmProvider.bitbucketServer.basicAuth.passwordRef: key secretName
generator.scmProvider.bitbucketServer.bearerToken: tokenRef
generator.scmProvider.bitbucketServer.bearerToken.tokenRef: key secretName
generator.scmProvider.bitbucketServer.caRef: configMapName key
generator.scmProvider.filters[]: branchMatch labelMatch pathsDoNotExist pathsExist repositoryMatch
generator.scmProvider.gitea: allBranches api excludeArchivedRepos@3.5 insecure owner tokenRef
generator.scmProvider.gitea.tokenRef: key secretName
generator.scmProvider.github: allBranches api appSecretName excludeArchivedRepos@3.5 organization tokenRef
generator.scmProvider.github.tokenRef: key secretName
generator.scmProvider.gitlab: allBranches api caRef group includeArchivedRepos@3.5
  includeSharedProjects includeSubgroups insecure tokenRef topic
generator.scmProvider.gitlab.caRef: configMapName key
generator.scmProvider.gitlab.tokenRef: key secretName
generator.selector: matchExpressions matchLabels
generator.selector.matchExpressions[]: key operator values
spec: applyNestedSelectors generators goTemplate goTemplateOptions ignoreApplicationDifferences
  preservedFields strategy syncPolicy template templatePatch
spec.ignoreApplicationDifferences[]: jqPathExpressions jsonPointers name
spec.preservedFields: annotations labels
spec.strategy: deletionOrder rollingSync type
spec.strategy.rollingSync: steps
spec.strategy.rollingSync.steps[]: matchExpressions maxUpdate
spec.strategy.rollingSync.steps[].matchExpressions[]: key operator values
spec.syncPolicy: applicationsSync preserveResourcesOnDeletion
spec.template: metadata spec
spec.template.metadata: annotations finalizers labels name namespace
""",
}
_OLDEST: Version = (3, 0)
_SOURCE = re.compile(r"^spec\.(sources\[\]|sourceHydrator\.drySource)")
_GENERATOR = re.compile(r"^spec\.generators\[\](\.(matrix|merge)\.generators\[\])*")
_TEMPLATE = re.compile(r"^(spec\.template|generator\.\w+\.template)\.spec")
_TEMPLATE_METADATA = re.compile(r"^generator\.\w+\.template(?=$|\.metadata)")


@cache
def fields_of(kind: str) -> dict[str, dict[str, Version]]:
    """Return the fields of each parent in a kind, with the versions since when; `.` is the object itself."""
    found: dict[str, dict[str, Version]] = {}
    for line in _FIELDS[kind].replace("\n  ", " ").strip().splitlines():
        parent, _, names = line.partition(": ")
        found[parent] = dict(map(_since, names.split()))
    return found


def _since(word: str) -> tuple[str, Version]:
    name, _, version = word.partition("@")
    if not version:
        return name, _OLDEST
    major, minor = version.split(".")
    return name, (int(major), int(minor))


def plain(kind: str, path: Path) -> tuple[str, str]:
    """Return the kind and the plain path under which a field is listed: `spec.source.kustomize.images[]`."""
    text = "".join("[]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
    if kind == "ApplicationSet":
        text = _GENERATOR.sub("generator", text)
        text = _TEMPLATE_METADATA.sub("spec.template", text)
        text, inside = _TEMPLATE.subn("spec", text)
        if not inside:
            return kind, text
        kind = "Application"
    return kind, _SOURCE.sub("spec.source", text) if kind == "Application" else text


def parent_of(text: str) -> str:
    """Return the plain path that holds a field."""
    return text.rpartition(".")[0] or "."
