"""Realistic faults and changes, applied by code to right objects.

`FAULTS` are single objects as people and models get them wrong, some of them harmless on purpose;
`UPDATES` are changes of an object that exists. Nobody says here what is right: the API server does.
"""

from __future__ import annotations

from tests.agreement.places import GONE, Changes, Renamed

TEMPLATE = "spec template"
POD = "spec template spec"
MAIN = f"{POD} containers 0"

FAULTS: dict[str, dict[str, Changes]] = {
    "Deployment storefront": {
        "the selector is missing": {"spec selector": GONE},
        "the selector is empty": {"spec selector": {}},
        "the selector misses the template": {"spec selector matchLabels app.kubernetes.io/name": "shop"},
        "the template has no labels": {f"{TEMPLATE} metadata": GONE},
        "the template is missing": {TEMPLATE: GONE},
        "the spec is missing": {"spec": GONE},
        "replicas are negative": {"spec replicas": -1},
        "replicas are text": {"spec replicas": "3"},
        "replicas are a fraction": {"spec replicas": 1.5},
        "replicas are null": {"spec replicas": None},
        "replicas overflow": {"spec replicas": 3000000000},
        "replicas are in the template": {f"{POD} replicas": 2},
        "containers are a map": {f"{POD} containers": {"name": "main", "image": "x"}},
        "containers are null": {f"{POD} containers": None},
        "an image has blanks": {f"{MAIN} image": " ghcr.io/acme/storefront:1 "},
        "an image is empty": {f"{MAIN} image": ""},
        "a container name is in capitals": {f"{MAIN} name": "Main"},
        "a container name is too long": {f"{MAIN} name": "c" * 64},
        "a container name has an underscore": {f"{MAIN} name": "store_front"},
        "container ports are misspelt": {f"{MAIN} ports": Renamed("port")},
        "a field is in the wrong case": {f"{MAIN} readinessProbe": Renamed("ReadinessProbe")},
        "resources are at the pod": {f"{POD} resources": {"requests": {"storage": "1Gi"}}},
        "a port is zero": {f"{MAIN} ports 0 containerPort": 0},
        "a port is text": {f"{MAIN} ports 0 containerPort": "3000"},
        "a port name is in capitals": {f"{MAIN} ports 0 name": "HTTP"},
        "a port protocol is in lower case": {f"{MAIN} ports 0 protocol": "tcp"},
        "two container ports are the same": {
            f"{MAIN} ports": [{"containerPort": 3000}, {"containerPort": 3000}],
        },
        "a host port differs under host network": {
            f"{POD} hostNetwork": True,
            f"{MAIN} ports 0 hostPort": 3001,
        },
        "a probe names no port": {f"{MAIN} readinessProbe httpGet": {"path": "/ready"}},
        "a probe has two handlers": {f"{MAIN} readinessProbe tcpSocket": {"port": "http"}},
        "a probe path is relative": {f"{MAIN} readinessProbe httpGet path": "ready"},
        "a probe period is negative": {f"{MAIN} readinessProbe periodSeconds": -5},
        "a probe period is text": {f"{MAIN} readinessProbe periodSeconds": "5s"},
        "a startup probe has two successes": {f"{MAIN} startupProbe successThreshold": 2},
        "a readiness probe has its own grace period": {
            f"{MAIN} readinessProbe terminationGracePeriodSeconds": 5,
        },
        "a request exceeds its limit": {f"{MAIN} resources requests cpu": "2"},
        "a quantity has a blank": {f"{MAIN} resources limits memory": "256 Mi"},
        "a quantity has a wrong unit": {f"{MAIN} resources limits memory": "256MB"},
        "a quantity is a number": {f"{MAIN} resources limits cpu": 1},
        "a limit is in millibytes": {
            f"{MAIN} resources limits memory": "256m",
            f"{MAIN} resources requests memory": "128m",
        },
        "a resource has no such name": {f"{MAIN} resources limits memry": "256Mi"},
        "a resource name has no domain": {f"{MAIN} resources limits gpu": "1"},
        "an extended resource is overcommitted": {
            f"{MAIN} resources requests nvidia.com/gpu": 1,
            f"{MAIN} resources limits nvidia.com/gpu": 2,
        },
        "an extended resource has only a request": {f"{MAIN} resources requests nvidia.com/gpu": 1},
        "ephemeral storage is below zero": {f"{MAIN} resources requests ephemeral-storage": "-1Gi"},
        "a mount has no volume": {f"{POD} volumes": GONE},
        "a mount path is empty": {f"{MAIN} volumeMounts 0 mountPath": ""},
        "a mount path has a colon": {f"{MAIN} volumeMounts 0 mountPath": "/data:ro"},
        "a sub path leaves the volume": {f"{MAIN} volumeMounts 0 subPath": "../etc"},
        "a volume has no source": {f"{POD} volumes 0 emptyDir": GONE},
        "two volumes share a name": {
            f"{POD} volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "tmp", "configMap": {"name": "x"}}],
        },
        "a volume name has a dot": {
            f"{POD} volumes 0 name": "tmp.d",
            f"{MAIN} volumeMounts 0 name": "tmp.d",
        },
        "a volume of a config map has no name": {f"{POD} volumes 0": {"name": "tmp", "configMap": {}}},
        "a file mode is decimal": {
            f"{POD} volumes 0": {"name": "tmp", "configMap": {"name": "x", "defaultMode": 777}},
        },
        "a secret volume uses name": {f"{POD} volumes 0": {"name": "tmp", "secret": {"name": "x"}}},
        "a secret volume uses secretName twice": {
            f"{POD} volumes 0": {"name": "tmp", "secret": {"secretName": "x", "items": [{"key": "a"}]}},
        },
        "a config map volume uses secretName": {
            f"{POD} volumes 0": {"name": "tmp", "configMap": {"secretName": "x"}},
        },
        "an empty directory has a size of nothing": {
            f"{POD} volumes 0": {"name": "tmp", "emptyDir": {"sizeLimit": "lots"}},
        },
        "an empty directory has a strange medium": {
            f"{POD} volumes 0": {"name": "tmp", "emptyDir": {"medium": "memory"}},
        },
        "a host path type is unknown": {
            f"{POD} volumes 0": {"name": "tmp", "hostPath": {"path": "/data", "type": "Folder"}},
        },
        "a projected volume has an empty source": {
            f"{POD} volumes 0": {"name": "tmp", "projected": {"sources": [{}]}},
        },
        "a token expires too soon": {
            f"{POD} volumes 0": {
                "name": "tmp",
                "projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 60}}]},
            },
        },
        "a variable value is a number": {f"{MAIN} env": [{"name": "PORT", "value": 3000}]},
        "a variable value is a boolean": {f"{MAIN} env": [{"name": "DEBUG", "value": True}]},
        "a variable name has an equals sign": {f"{MAIN} env": [{"name": "A=B", "value": "1"}]},
        "a variable name starts with a digit": {f"{MAIN} env": [{"name": "1A", "value": "1"}]},
        "variables are a map": {f"{MAIN} env": {"PORT": "3000"}},
        "variables repeat": {f"{MAIN} env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]},
        "a variable has a value and a source": {
            f"{MAIN} env": [
                {"name": "A", "value": "1", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "a"}}}
            ],
        },
        "a variable's source has no key": {
            f"{MAIN} env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "x"}}}],
        },
        "a variable has two sources": {
            f"{MAIN} env": [
                {
                    "name": "A",
                    "valueFrom": {
                        "secretKeyRef": {"name": "x", "key": "a"},
                        "fieldRef": {"fieldPath": "metadata.name"},
                    },
                },
            ],
        },
        "a field path is not offered": {
            f"{MAIN} env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.replicas"}}}],
        },
        "a resource field is unknown": {
            f"{MAIN} env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.disk"}}}],
        },
        "variables come from two places at once": {
            f"{MAIN} envFrom": [{"configMapRef": {"name": "x"}, "secretRef": {"name": "y"}}],
        },
        "variables come from nowhere": {f"{MAIN} envFrom": [{}]},
        "a reference has an invalid name": {f"{MAIN} envFrom": [{"configMapRef": {"name": "Shop_Config"}}]},
        "a pull policy is in lower case": {f"{MAIN} imagePullPolicy": "always"},
        "the restart policy is never": {f"{POD} restartPolicy": "Never"},
        "the pod's deadline is set": {f"{POD} activeDeadlineSeconds": 60},
        "the grace period is negative": {f"{POD} terminationGracePeriodSeconds": -1},
        "the service account name is invalid": {f"{POD} serviceAccountName": "Store_Front"},
        "the old service account field is used": {f"{POD} serviceAccount": "storefront"},
        "the DNS policy is unknown": {f"{POD} dnsPolicy": "Cluster"},
        "DNS has no server under policy None": {f"{POD} dnsPolicy": "None"},
        "a host alias is no address": {f"{POD} hostAliases": [{"ip": "db", "hostnames": ["db"]}]},
        "a pull secret has no name": {f"{POD} imagePullSecrets": [{}]},
        "pull secrets are names": {f"{POD} imagePullSecrets": ["registry"]},
        "a node selector value is a boolean": {f"{POD} nodeSelector": {"gpu": True}},
        "a node selector value is invalid": {f"{POD} nodeSelector": {"zone": "a b"}},
        "a toleration has a value under Exists": {
            f"{POD} tolerations": [{"key": "a", "operator": "Exists", "value": "b"}],
        },
        "a toleration of everything waits": {
            f"{POD} tolerations": [{"operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 5}],
        },
        "a toleration has an unknown effect": {f"{POD} tolerations": [{"key": "a", "effect": "Never"}]},
        "an affinity operator is unknown": {
            f"{POD} affinity": {
                "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [
                            {"matchExpressions": [{"key": "zone", "operator": "Equals", "values": ["a"]}]},
                        ],
                    },
                },
            },
        },
        "an affinity has no topology key": {
            f"{POD} affinity": {
                "podAntiAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        {"labelSelector": {"matchLabels": {"app": "a"}}},
                    ],
                },
            },
        },
        "an affinity weight is too high": {
            f"{POD} affinity": {
                "podAntiAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {
                            "weight": 101,
                            "podAffinityTerm": {
                                "topologyKey": "zone",
                                "labelSelector": {"matchLabels": {"app": "a"}},
                            },
                        },
                    ],
                },
            },
        },
        "an affinity is one level too high": {
            f"{POD} podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []},
        },
        "a spread constraint repeats": {
            f"{POD} topologySpreadConstraints": [
                {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"},
                {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"},
            ],
        },
        "a spread constraint has an unknown action": {
            f"{POD} topologySpreadConstraints": [
                {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "Wait"},
            ],
        },
        "a spread constraint has fewer domains than one": {
            f"{POD} topologySpreadConstraints": [
                {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "minDomains": 0},
            ],
        },
        "a pod may run as root and may not": {
            f"{POD} securityContext runAsUser": 0,
            f"{POD} securityContext runAsNonRoot": True,
        },
        "a user is negative": {f"{POD} securityContext runAsUser": -1},
        "a user is text": {f"{POD} securityContext runAsUser": "65532"},
        "capabilities are at the pod": {f"{POD} securityContext capabilities": {"drop": ["ALL"]}},
        "privileged is at the pod": {f"{POD} securityContext privileged": True},
        "a group of files is at a container": {f"{MAIN} securityContext fsGroup": 1},
        "a seccomp profile of the host has no name": {
            f"{POD} securityContext seccompProfile": {"type": "Localhost"},
        },
        "a seccomp profile is unknown": {f"{POD} securityContext seccompProfile": {"type": "Default"}},
        "a sysctl is malformed": {
            f"{POD} securityContext sysctls": [{"name": "net..core", "value": "1"}],
        },
        "a seccomp annotation is deprecated": {
            f"{TEMPLATE} metadata annotations": {
                "seccomp.security.alpha.kubernetes.io/pod": "runtime/default"
            },
        },
        "the maximum surge is a strange percentage": {"spec strategy": {"rollingUpdate": {"maxSurge": "a%"}}},
        "the maximum unavailable is over a hundred": {
            "spec strategy": {"rollingUpdate": {"maxUnavailable": "150%"}},
        },
        "the strategy is text": {"spec strategy": "Recreate"},
        "the progress deadline is below the ready time": {
            "spec progressDeadlineSeconds": 10,
            "spec minReadySeconds": 20,
        },
        "the history is negative": {"spec revisionHistoryLimit": -1},
        "an init container restarts sometimes": {
            f"{POD} initContainers": [{"name": "proxy", "image": "proxy:1", "restartPolicy": "OnFailure"}],
        },
        "an init container has a probe": {
            f"{POD} initContainers": [
                {"name": "proxy", "image": "proxy:1", "readinessProbe": {"httpGet": {"port": 80}}},
            ],
        },
        "a sidecar has a probe": {
            f"{POD} initContainers": [
                {
                    "name": "proxy",
                    "image": "proxy:1",
                    "restartPolicy": "Always",
                    "readinessProbe": {"httpGet": {"port": 80}},
                },
            ],
        },
        "an init container shares the main one's name": {
            f"{POD} initContainers": [{"name": "storefront", "image": "proxy:1"}],
        },
        "an ephemeral container is in a template": {
            f"{POD} ephemeralContainers": [{"name": "debug", "image": "busybox:1"}],
        },
        "a hook has two handlers": {
            f"{MAIN} lifecycle": {"preStop": {"sleep": {"seconds": 5}, "exec": {"command": ["true"]}}},
        },
        "a hook sleeps longer than the grace period": {
            f"{MAIN} lifecycle": {"preStop": {"sleep": {"seconds": 90}}},
        },
        "a label is a number": {"metadata labels version": 1},
        "a label is null": {"metadata labels version": None},
        "a label is too long": {"metadata labels version": "v" * 64},
        "a label key has two slashes": {"metadata labels a/b/c": "x"},
        "an annotation is a boolean": {"metadata annotations": {"prometheus.io/scrape": True}},
        "annotations are too large": {"metadata annotations": {"big": "x" * 262145}},
        "the name has an underscore": {"metadata name": "store_front"},
        "the name is too long": {"metadata name": "s" * 254},
        "the name ends in a dash": {"metadata name": "storefront-"},
        "the name is a number": {"metadata name": 42},
        "a finalizer has no domain": {"metadata finalizers": ["keep"]},
        "an owner lacks its identity": {
            "metadata ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}],
        },
        "the namespace is under spec": {"spec namespace": "shop"},
        "the status is written by hand": {"status": {"replicas": 3}},
        "the version is of extensions": {"apiVersion": "extensions/v1beta1"},
        "the version is v1": {"apiVersion": "v1"},
        "the kind is in lower case": {"kind": "deployment"},
        "the runtime class is invalid": {f"{POD} runtimeClassName": "g_visor"},
        "the scheduler's name is empty": {f"{POD} schedulerName": ""},
        "a host name is too long": {f"{POD} hostname": "h" * 64},
        "a subdomain is invalid": {f"{POD} subdomain": "a.b"},
        "the process namespace is shared twice": {
            f"{POD} shareProcessNamespace": True,
            f"{POD} hostPID": True,
        },
        "the pod overhead is text": {f"{POD} overhead": "100m"},
        "a readiness gate has no domain": {f"{POD} readinessGates": [{"conditionType": "a b"}]},
        "the operating system is unknown": {f"{POD} os": {"name": "macos"}},
        "windows has linux options": {f"{POD} os": {"name": "windows"}},
    },
    "StatefulSet ledger-db": {
        "there is no service name": {"spec serviceName": GONE},
        "the service name is invalid": {"spec serviceName": "Ledger_DB"},
        "a claim template has no access mode": {"spec volumeClaimTemplates 0 spec accessModes": GONE},
        "a claim template has no name": {"spec volumeClaimTemplates 0 metadata": GONE},
        "a claim template's size is no quantity": {
            "spec volumeClaimTemplates 0 spec resources requests storage": "20 GB",
        },
        "a claim template's size is zero": {
            "spec volumeClaimTemplates 0 spec resources requests storage": "0"
        },
        "the partition is negative": {"spec updateStrategy rollingUpdate partition": -1},
        "the update strategy is Recreate": {"spec updateStrategy": {"type": "Recreate"}},
        "the strategy field of a Deployment is used": {"spec strategy": {"type": "RollingUpdate"}},
        "OnDelete has parameters": {"spec updateStrategy type": "OnDelete"},
        "the retention is unknown": {"spec persistentVolumeClaimRetentionPolicy whenScaled": "Keep"},
        "the first ordinal is negative": {"spec ordinals": {"start": -1}},
        "the mount of a claim is misspelt": {f"{MAIN} volumeMounts 0 name": "dta"},
        "the selector misses the template": {f"{TEMPLATE} metadata labels": {"app": "other"}},
    },
    "DaemonSet log-agent": {
        "replicas are given": {"spec replicas": 3},
        "the strategy field of a Deployment is used": {"spec strategy": {"type": "RollingUpdate"}},
        "everything is unavailable": {"spec updateStrategy rollingUpdate maxUnavailable": "101%"},
        "a host path leaves its folder": {f"{POD} volumes 0 hostPath path": "/var/../etc"},
        "a mount is read-only and recursive": {f"{MAIN} volumeMounts 0 recursiveReadOnly": "Always"},
        "the restart policy is OnFailure": {f"{POD} restartPolicy": "OnFailure"},
    },
    "Job migrate-ledger": {
        "the restart policy is missing": {f"{POD} restartPolicy": GONE},
        "the selector is given": {"spec selector": {"matchLabels": {"app": "migrate-ledger"}}},
        "completions are negative": {"spec completions": -1},
        "parallelism is text": {"spec parallelism": "2"},
        "the limit is negative": {"spec backoffLimit": -1},
        "the completion mode is unknown": {"spec completionMode": "Counted"},
        "an indexed job has no completions": {"spec completionMode": "Indexed"},
        "a limit for each index has no index": {"spec backoffLimitPerIndex": 1},
        "a failure policy needs Never": {
            f"{POD} restartPolicy": "OnFailure",
            "spec podFailurePolicy": {
                "rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1]}}],
            },
        },
        "a failure policy has no rules to match": {
            "spec podFailurePolicy": {"rules": [{"action": "FailJob"}]}
        },
        "a failure policy has the exit code zero": {
            "spec podFailurePolicy": {
                "rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [0]}}],
            },
        },
        "the job controller is unknown": {"spec managedBy": "robot"},
        "the schedule is in a job": {"spec schedule": "* * * * *"},
        "a container restarts by itself": {f"{MAIN} restartPolicy": "Always"},
    },
    "CronJob settle": {
        "the schedule has six fields": {"spec schedule": "0 15 2 * * *"},
        "the schedule is a word": {"spec schedule": "daily"},
        "the schedule is a macro": {"spec schedule": "@daily"},
        "the schedule has its own time zone": {"spec schedule": "TZ=UTC 0 0 * * *"},
        "the schedule is empty": {"spec schedule": ""},
        "the minute is 60": {"spec schedule": "60 0 * * *"},
        "the time zone is local": {"spec timeZone": "Local"},
        "the time zone is empty": {"spec timeZone": ""},
        "the starting deadline is negative": {"spec startingDeadlineSeconds": -1},
        "the history is negative": {"spec successfulJobsHistoryLimit": -1},
        "the template is one level too high": {"spec jobTemplate spec template": Renamed("podTemplate")},
        "the restart policy is Always": {"spec jobTemplate spec template spec restartPolicy": "Always"},
        "the version is v1beta1": {"apiVersion": "batch/v1beta1"},
        "the name leaves no room": {"metadata name": "c" * 53},
    },
    "Pod debug": {
        "a node is named": {"spec nodeName": "node-1"},
        "the restart policy is unknown": {"spec restartPolicy": "Sometimes"},
        "an init container has a hook": {
            "spec initContainers 0 lifecycle": {"preStop": {"exec": {"command": ["true"]}}},
        },
        "a priority is written": {"spec priority": 1000},
        "the generated name is invalid": {"metadata name": GONE, "metadata generateName": "Debug_"},
        "the resources of the pod are odd": {"spec resources": {"limits": {"storage": "1Gi"}}},
        "a scheduling gate repeats": {"spec schedulingGates": [{"name": "a"}, {"name": "a"}]},
        "a command is text": {"spec containers 0 command": "sleep infinity"},
        "an argument is a number": {"spec containers 0 args": [1]},
        "a device is claimed that is not named": {
            "spec containers 0 resources": {"claims": [{"name": "gpu"}]}
        },
    },
    "Service storefront": {
        "a port is out of range": {"spec ports 0 port": 70000},
        "a port is text": {"spec ports 0 port": "80"},
        "a target port is zero": {"spec ports 0 targetPort": 0},
        "a protocol is HTTP": {"spec ports 0 protocol": "HTTP"},
        "two ports are the same": {
            "spec ports": [{"name": "a", "port": 80}, {"name": "b", "port": 80}],
        },
        "two ports share a name": {
            "spec ports": [{"name": "a", "port": 80}, {"name": "a", "port": 81}],
        },
        "the selector has matchLabels": {"spec selector": {"matchLabels": {"app": "storefront"}}},
        "the type is in lower case": {"spec type": "loadbalancer"},
        "a node port of a cluster service": {"spec ports 0 nodePort": 30080},
        "a node port is out of range": {"spec type": "NodePort", "spec ports 0 nodePort": 80},
        "the cluster address is no address": {"spec clusterIP": "auto"},
        "the cluster address is elsewhere": {"spec clusterIP": "192.168.0.1"},
        "the cluster addresses differ": {"spec clusterIP": "10.0.0.20", "spec clusterIPs": ["10.0.0.21"]},
        "an external name has no name": {"spec type": "ExternalName"},
        "an external name is a URL": {
            "spec type": "ExternalName",
            "spec externalName": "https://example.com",
        },
        "an external name has an address": {"spec type": "ExternalName", "spec externalName": "192.0.2.1"},
        "a load balancer's source is no block": {
            "spec type": "LoadBalancer",
            "spec loadBalancerSourceRanges": ["everyone"],
        },
        "source ranges without a load balancer": {"spec loadBalancerSourceRanges": ["10.0.0.0/8"]},
        "the affinity is unknown": {"spec sessionAffinity": "Cookie"},
        "the affinity's time is too long": {
            "spec sessionAffinity": "ClientIP",
            "spec sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 100000}},
        },
        "an external policy on a cluster service": {"spec externalTrafficPolicy": "Local"},
        "an internal policy is unknown": {"spec internalTrafficPolicy": "Zone"},
        "the name starts with a digit": {"metadata name": "1-storefront"},
        "the name has a dot": {"metadata name": "store.front"},
        "the family is misspelt": {"spec ipFamilies": ["ipv4"]},
        "an external address is loopback": {"spec externalIPs": ["127.0.0.1"]},
        "an address has leading zeros": {"spec externalIPs": ["192.0.02.1"]},
        "a load balancer address is given": {"spec type": "LoadBalancer", "spec loadBalancerIP": "192.0.2.1"},
        "a load balancer class without a balancer": {"spec loadBalancerClass": "example.com/lb"},
        "a traffic distribution is unknown": {"spec trafficDistribution": "PreferNear"},
        "an application protocol is malformed": {"spec ports 0 appProtocol": "a b"},
        "a headless service balances": {"spec clusterIP": "None", "spec type": "LoadBalancer"},
    },
    "HorizontalPodAutoscaler storefront": {
        "the minimum is zero": {"spec minReplicas": 0},
        "the minimum is over the maximum": {"spec minReplicas": 20},
        "the maximum is missing": {"spec maxReplicas": GONE},
        "the utilisation is text": {"spec metrics 0 resource target averageUtilization": "70%"},
        "the utilisation is zero": {"spec metrics 0 resource target averageUtilization": 0},
        "the target has a value and a share": {"spec metrics 0 resource target averageValue": "100m"},
        "the target type is missing": {"spec metrics 0 resource target type": GONE},
        "the target type is unknown": {"spec metrics 0 resource target type": "Percent"},
        "the metric type is unknown": {"spec metrics 0 type": "CPU"},
        "the metrics are of version 1": {"spec targetCPUUtilizationPercentage": 70},
        "the version is v2beta2": {"apiVersion": "autoscaling/v2beta2"},
        "the target has no kind": {"spec scaleTargetRef kind": GONE},
        "the window is too long": {"spec behavior": {"scaleDown": {"stabilizationWindowSeconds": 4000}}},
        "a scaling policy has no period": {
            "spec behavior": {"scaleDown": {"policies": [{"type": "Pods", "value": 1}]}},
        },
        "a scaling policy is unknown": {
            "spec behavior": {
                "scaleUp": {"policies": [{"type": "Half", "value": 1, "periodSeconds": 60}]},
            },
        },
    },
    "PodDisruptionBudget storefront": {
        "both bounds are given": {"spec minAvailable": 1},
        "a bound is a strange percentage": {"spec maxUnavailable": "a%"},
        "a bound is over a hundred percent": {"spec maxUnavailable": "101%"},
        "a bound is a fraction": {"spec maxUnavailable": 0.5},
        "the selector is bare labels": {"spec selector": {"app.kubernetes.io/name": "storefront"}},
        "the selector's operator is unknown": {
            "spec selector": {"matchExpressions": [{"key": "app", "operator": "Is", "values": ["a"]}]},
        },
        "there is no selector": {"spec selector": GONE},
        "the selector is empty": {"spec selector": {}},
        "the eviction policy is unknown": {"spec unhealthyPodEvictionPolicy": "Always"},
    },
    "NetworkPolicy storefront": {
        "there is no pod selector": {"spec podSelector": GONE},
        "a port is out of range": {"spec ingress 0 ports 0 port": 0},
        "a port name is invalid": {"spec ingress 0 ports 0 port": "not_a_port_name"},
        "a protocol is unknown": {"spec ingress 0 ports 0 protocol": "HTTP"},
        "an end port is under the port": {"spec ingress 0 ports 0 endPort": 2000},
        "an end port has a named port": {
            "spec ingress 0 ports 0 port": "http",
            "spec ingress 0 ports 0 endPort": 4000,
        },
        "a peer is empty": {"spec egress 0 to": [{}]},
        "a peer has a block and a selector": {
            "spec egress 0 to": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}],
        },
        "a block's exception is outside": {
            "spec egress 0 to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["192.168.0.0/16"]}}],
        },
        "a block is an address": {"spec egress 0 to": [{"ipBlock": {"cidr": "10.0.0.1"}}]},
        "a block has host bits": {"spec egress 0 to": [{"ipBlock": {"cidr": "10.0.0.1/8"}}]},
        "policy types are in lower case": {"spec policyTypes": ["ingress"]},
        "ingress and to": {"spec ingress 0 to": [{"podSelector": {}}]},
    },
    "ServiceAccount storefront": {
        "the token setting is text": {"automountServiceAccountToken": "false"},
        "the token setting is under spec": {"spec": {"automountServiceAccountToken": False}},
        "the name is invalid": {"metadata name": "Storefront"},
    },
    "ConfigMap features": {
        "a value is a map": {"data settings": {"a": "b"}},
        "a value is a boolean": {"data BANNER": True},
        "a value is null": {"data BANNER": None},
        "a key has a slash": {"data config/app.yaml": "a"},
        "a key is two dots": {"data ..": "a"},
        "the data is under spec": {"data": Renamed("spec")},
        "a key is in both maps": {"binaryData": {"BANNER": "b24="}},
        "binary data is no base64": {"binaryData": {"x": "not base64!"}},
        "the data is too large": {"data big": "x" * 1_048_577},
        "immutable is text": {"immutable": "true"},
    },
    "Secret api-key": {
        "data is in clear text": {"data": {"key": "not base64!"}},
        "data is a number": {"stringData port": 5432},
        "the type lacks its keys": {"type": "kubernetes.io/dockerconfigjson"},
        "the registry file is no JSON": {
            "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": "nothing"},
        },
        "the basic authentication has no user": {"type": "kubernetes.io/basic-auth"},
        "the token has no account": {"type": "kubernetes.io/service-account-token"},
        "a key is invalid": {"stringData a/b": "c"},
        "the field is misspelt": {"stringData": Renamed("stringdata")},
    },
    "Ingress storefront": {
        "the backend is of the old version": {
            "spec rules 0 http paths 0 backend": {"serviceName": "storefront", "servicePort": 80},
        },
        "the path type is missing": {"spec rules 0 http paths 0 pathType": GONE},
        "the path type is in lower case": {"spec rules 0 http paths 0 pathType": "prefix"},
        "the path is relative": {"spec rules 0 http paths 0 path": "shop"},
        "the path is a pattern": {"spec rules 0 http paths 0 path": "/shop/*"},
        "the path has a double slash": {"spec rules 0 http paths 0 path": "/shop//cart"},
        "the host is an address": {"spec rules 0 host": "192.0.2.1"},
        "the host is a URL": {"spec rules 0 host": "https://shop.example.com"},
        "the host has a wildcard inside": {"spec rules 0 host": "shop.*.example.com"},
        "there are no rules": {"spec rules": GONE},
        "there are no paths": {"spec rules 0 http paths": []},
        "the port has a name and a number": {
            "spec rules 0 http paths 0 backend service port": {"name": "http", "number": 80},
        },
        "the port is missing": {"spec rules 0 http paths 0 backend service port": GONE},
        "the version is v1beta1": {"apiVersion": "networking.k8s.io/v1beta1"},
        "the class is an annotation as well": {
            "metadata annotations": {"kubernetes.io/ingress.class": "nginx"},
        },
        "the certificate's name is invalid": {"spec tls 0 secretName": "Shop_TLS"},
    },
    "PersistentVolumeClaim uploads": {
        "there is no size": {"spec resources": GONE},
        "the size is a word": {"spec resources requests storage": "large"},
        "the access mode is abbreviated": {"spec accessModes": ["RWX"]},
        "single-pod access is combined": {"spec accessModes": ["ReadWriteOncePod", "ReadWriteMany"]},
        "the volume mode is unknown": {"spec volumeMode": "Disk"},
        "the class name is invalid": {"spec storageClassName": "Fast_Disk"},
        "the data source is incomplete": {"spec dataSource": {"kind": "VolumeSnapshot"}},
        "a fraction of a byte": {"spec resources requests storage": "1.5"},
    },
    "PersistentVolume archive": {
        "there is no capacity": {"spec capacity": GONE},
        "there are two sources": {"spec hostPath": {"path": "/data"}},
        "there is no source": {"spec nfs": GONE},
        "the reclaim policy is unknown": {"spec persistentVolumeReclaimPolicy": "Keep"},
        "the root of the node is recycled": {
            "spec nfs": GONE,
            "spec hostPath": {"path": "/"},
            "spec persistentVolumeReclaimPolicy": "Recycle",
        },
    },
    "Role config-reader": {
        "verbs are missing": {"rules 0 verbs": GONE},
        "a verb is text": {"rules 0 verbs": "get"},
        "the group is missing": {"rules 0 apiGroups": GONE},
        "rules are under spec": {"rules": Renamed("spec")},
        "a URL is in a namespace": {"rules 0 nonResourceURLs": ["/metrics"]},
        "the version is v1beta1": {"apiVersion": "rbac.authorization.k8s.io/v1beta1"},
    },
    "RoleBinding config-reader": {
        "a subject has a version": {"subjects 0 apiGroup": "v1"},
        "a subject has no namespace": {"subjects 0 namespace": GONE},
        "a subject is unknown": {"subjects 0 kind": "Robot"},
        "the role's group is wrong": {"roleRef apiGroup": "rbac.authorization.k8s.io/v1"},
        "the role's kind is unknown": {"roleRef kind": "Permission"},
        "the role is missing": {"roleRef": GONE},
        "a user has no group": {"subjects 0": {"kind": "User", "name": "alice"}},
    },
    "ClusterRoleBinding node-reader": {
        "a role of a namespace": {"roleRef kind": "Role"},
        "a subject has no name": {"subjects 0 name": ""},
    },
    "StorageClass fast": {
        "the reclaim policy is Recycle": {"reclaimPolicy": "Recycle"},
        "the binding mode is unknown": {"volumeBindingMode": "Later"},
        "a parameter is a number": {"parameters iops": 4000},
        "a parameter is empty": {"parameters": {"": "a"}},
        "fields are under spec": {"spec": {"provisioner": "x"}},
    },
    "PriorityClass batch-low": {
        "the name is the system's": {"metadata name": "system-batch"},
        "the value is text": {"value": "100"},
        "the preemption is unknown": {"preemptionPolicy": "Sometimes"},
    },
    "RuntimeClass sandboxed": {
        "the handler is invalid": {"handler": "Run_SC"},
        "the overhead is negative": {"overhead": {"podFixed": {"cpu": "-1"}}},
    },
    "IngressClass internal": {
        "the controller has no domain": {"spec controller": "nginx"},
        "the parameters' scope lacks a namespace": {
            "spec parameters": {"kind": "Config", "name": "a", "scope": "Namespace"},
        },
    },
    "ResourceQuota team": {
        "a resource is unknown": {"spec hard cpus": "4"},
        "a quantity is no quantity": {"spec hard pods": "twenty"},
        "a count is a fraction": {"spec hard pods": "1.5"},
        "a scope is unknown": {"spec scopes": ["Everything"]},
        "scopes contradict": {"spec scopes": ["BestEffort", "NotBestEffort"]},
        "a scope does not fit its resource": {"spec scopes": ["BestEffort"]},
    },
    "LimitRange defaults": {
        "a default exceeds the maximum": {"spec limits 0 default cpu": "4"},
        "a request exceeds its default": {"spec limits 0 defaultRequest memory": "512Mi"},
        "a pod has a default": {"spec limits 0 type": "Pod"},
        "the type is unknown": {"spec limits 0 type": "container"},
        "the ratio is under one": {"spec limits 0 maxLimitRequestRatio": {"cpu": "500m"}},
        "limits are a map": {"spec limits": {"type": "Container"}},
    },
    "Namespace agreement-team": {
        "the name has a dot": {"metadata name": "agreement.team"},
        "the level is unknown": {"metadata labels pod-security.kubernetes.io/enforce": "strict"},
        "the version is unknown": {"metadata labels pod-security.kubernetes.io/enforce-version": "newest"},
        "a finalizer is unknown": {"spec": {"finalizers": ["kubernetes", "example"]}},
    },
    "CustomResourceDefinition backups.agreement.example.com": {
        "the schema is missing": {"spec versions 0 schema": GONE},
        "no version is stored": {"spec versions 0 storage": False},
        "the scope is in lower case": {"spec scope": "namespaced"},
        "a property has no type": {
            "spec versions 0 schema openAPIV3Schema properties spec properties keep": {"minimum": 1},
        },
        "a type is unknown": {
            "spec versions 0 schema openAPIV3Schema properties spec properties keep": {"type": "int"},
        },
        "a pattern does not compile": {
            "spec versions 0 schema openAPIV3Schema properties spec properties schedule pattern": "([",
        },
        "a rule does not compile": {
            "spec versions 0 schema openAPIV3Schema properties spec x-kubernetes-validations": [
                {"rule": "self.keep >"},
            ],
        },
        "a rule costs too much": {
            "spec versions 0 schema openAPIV3Schema properties spec": {
                "type": "object",
                "properties": {"items": {"type": "array", "items": {"type": "string"}}},
                "x-kubernetes-validations": [
                    {"rule": "self.items.all(a, self.items.all(b, a == b || a != b))"}
                ],
            },
        },
        "a default does not fit": {
            "spec versions 0 schema openAPIV3Schema properties spec properties keep default": 0,
        },
        "a list of a map has no keys": {
            "spec versions 0 schema openAPIV3Schema properties spec properties list": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "items": {"type": "object", "properties": {"name": {"type": "string"}}},
            },
        },
        "the group is unprotected": {
            "spec group": "agreement.k8s.io",
            "metadata name": "backups.agreement.k8s.io",
        },
        "a printer column has no path": {
            "spec versions 0 additionalPrinterColumns": [{"name": "Keep", "type": "integer"}],
        },
        "preserved fields are at the old place": {"spec preserveUnknownFields": True},
    },
    "ValidatingWebhookConfiguration agreement-check": {
        "the name has no domain": {"webhooks 0 name": "check"},
        "the time-out is too long": {"webhooks 0 timeoutSeconds": 60},
        "the review version is unknown": {"webhooks 0 admissionReviewVersions": ["v2"]},
        "the rule has no operation": {"webhooks 0 rules 0 operations": []},
        "a URL and a service": {"webhooks 0 clientConfig url": "https://example.com"},
        "a URL is not secure": {"webhooks 0 clientConfig": {"url": "http://example.com"}},
        "the failure policy is unknown": {"webhooks 0 failurePolicy": "Warn"},
        "a condition does not compile": {
            "webhooks 0 matchConditions": [{"name": "a", "expression": "object."}]
        },
    },
    "ValidatingAdmissionPolicy agreement-replicas": {
        "an expression is no boolean": {"spec validations 0 expression": "1 + 1"},
        "a variable is unknown": {"spec validations 0 expression": "thing.spec.replicas <= 5"},
        "there is nothing to validate": {"spec validations": []},
        "the failure policy is unknown": {"spec failurePolicy": "Audit"},
        "there are no constraints": {"spec matchConstraints": GONE},
    },
    "ValidatingAdmissionPolicyBinding agreement-replicas": {
        "there is no action": {"spec validationActions": GONE},
        "actions contradict": {"spec validationActions": ["Deny", "Warn"]},
        "an action is unknown": {"spec validationActions": ["Block"]},
        "the policy has no name": {"spec policyName": ""},
    },
    "EndpointSlice legacy-db": {
        "the address type is missing": {"addressType": GONE},
        "an address is a name": {"endpoints 0 addresses": ["db.example.com"]},
        "an address is of the other family": {"endpoints 0 addresses": ["2001:db8::1"]},
        "the version is v1beta1": {"apiVersion": "discovery.k8s.io/v1beta1"},
    },
    "Lease settle-leader": {"the duration is zero": {"spec leaseDurationSeconds": 0}},
    "APIService v1beta1.agreement-metrics.example.com": {
        "the priority is missing": {"spec groupPriorityMinimum": GONE},
        "verification is skipped and done": {"spec caBundle": "LS0tLS1CRUdJTg=="},
        "the service has no namespace": {"spec service": {"name": "metrics"}},
    },
    "FlowSchema agreement-robots": {
        "the precedence is too high": {"spec matchingPrecedence": 10001},
        "a rule has no subject": {"spec rules 0 subjects": []},
        "the version is v1beta3": {"apiVersion": "flowcontrol.apiserver.k8s.io/v1beta3"},
    },
    "ResourceClaimTemplate accelerator": {
        "a request has no class": {"spec spec devices requests 0 exactly deviceClassName": ""},
        "a request names its class at the old place": {
            "spec spec devices requests 0": {"name": "one", "deviceClassName": "gpu.example.com"},
        },
    },
}

UPDATES: dict[str, dict[str, Changes]] = {
    "Deployment storefront": {
        "nothing changes": {},
        "the image changes": {f"{MAIN} image": "ghcr.io/acme/storefront:2.0.0"},
        "the selector changes": {
            "spec selector matchLabels app.kubernetes.io/name": "shop",
            f"{TEMPLATE} metadata labels app.kubernetes.io/name": "shop",
        },
        "the selector gains a label": {
            "spec selector matchLabels tier": "web",
            f"{TEMPLATE} metadata labels tier": "web",
        },
        "the template gains a label": {f"{TEMPLATE} metadata labels tier": "web"},
        "replicas drop to zero": {"spec replicas": 0},
        "the strategy becomes Recreate": {"spec strategy": {"type": "Recreate"}},
        "the container is renamed": {f"{MAIN} name": "web"},
        "the service account goes": {f"{POD} serviceAccountName": GONE},
        "the probe goes": {f"{MAIN} startupProbe": GONE},
        "the selector changes and a port is wrong": {
            "spec selector matchLabels app.kubernetes.io/name": "shop",
            f"{TEMPLATE} metadata labels app.kubernetes.io/name": "shop",
            f"{MAIN} ports 0 containerPort": 70000,
        },
    },
    "StatefulSet ledger-db": {
        "replicas change": {"spec replicas": 5},
        "the image changes": {f"{MAIN} image": "docker.io/library/postgres:17.4"},
        "the service name changes": {"spec serviceName": "ledger"},
        "the disk grows": {"spec volumeClaimTemplates 0 spec resources requests storage": "40Gi"},
        "the disk's class changes": {"spec volumeClaimTemplates 0 spec storageClassName": "slow"},
        "the disk gains a label": {"spec volumeClaimTemplates 0 metadata labels": {"backup": "yes"}},
        "pod management changes": {"spec podManagementPolicy": "Parallel"},
        "the retention changes": {"spec persistentVolumeClaimRetentionPolicy whenDeleted": "Delete"},
        "the update strategy changes": {"spec updateStrategy": {"type": "OnDelete"}},
        "the history changes": {"spec revisionHistoryLimit": 3},
        "the selector changes": {
            "spec selector matchLabels app.kubernetes.io/name": "db",
            f"{TEMPLATE} metadata labels app.kubernetes.io/name": "db",
        },
        "readiness takes longer": {"spec minReadySeconds": 10},
        "the claim templates go": {
            "spec volumeClaimTemplates": GONE,
            f"{POD} volumes": [{"name": "data", "emptyDir": {}}],
        },
    },
    "DaemonSet log-agent": {
        "the selector changes": {
            "spec selector matchLabels app": "agent",
            f"{TEMPLATE} metadata labels app": "agent",
        },
        "the image changes": {f"{MAIN} image": "docker.io/fluent/fluent-bit:4.0.0"},
    },
    "Job migrate-ledger": {
        "the image changes": {f"{MAIN} image": "ghcr.io/acme/ledger:1.5.0"},
        "an argument changes": {f"{MAIN} args": ["migrate", "--fast"]},
        "the template gains an annotation": {f"{TEMPLATE} metadata annotations": {"a": "b"}},
        "completions change": {"spec completions": 2},
        "parallelism changes": {"spec parallelism": 2},
        "the limit changes": {"spec backoffLimit": 5},
        "the deadline changes": {"spec activeDeadlineSeconds": 900},
        "the time to live changes": {"spec ttlSecondsAfterFinished": 60},
        "the job is suspended": {"spec suspend": True},
        "the completion mode changes": {"spec completionMode": "Indexed", "spec completions": 1},
        "the replacement changes": {"spec podReplacementPolicy": "Failed"},
        "the labels change": {"metadata labels": {"a": "b"}},
    },
    "CronJob settle": {
        "the schedule changes": {"spec schedule": "0 3 * * *"},
        "the image changes": {
            "spec jobTemplate spec template spec containers 0 image": "ghcr.io/acme/settle:2.1.0",
        },
        "the time zone goes": {"spec timeZone": GONE},
        "the time zone becomes unknown": {"spec timeZone": "Europe/Atlantis"},
    },
    "Pod debug": {
        "the image changes": {"spec containers 0 image": "docker.io/library/busybox:1.38"},
        "a command changes": {"spec containers 0 command": ["sleep", "60"]},
        "a label changes": {"metadata labels app": "shell"},
        "the deadline is set": {"spec activeDeadlineSeconds": 60},
        "a toleration is added": {"spec tolerations": [{"key": "a", "operator": "Exists"}]},
        "a container is added": {
            "spec containers 1": {"name": "second", "image": "docker.io/library/busybox:1.37"},
        },
        "resources change": {"spec containers 0 resources": {"requests": {"cpu": "1"}}},
    },
    "Service storefront": {
        "a port changes": {"spec ports 0 port": 8080},
        "the selector changes": {"spec selector": {"app": "other"}},
        "it becomes headless": {"spec clusterIP": "None"},
        "it gets an address": {"spec clusterIP": "10.0.9.9"},
        "it balances": {"spec type": "LoadBalancer"},
        "it becomes an external name": {
            "spec type": "ExternalName",
            "spec externalName": "example.com",
            "spec selector": GONE,
            "spec ports": GONE,
        },
    },
    "Service ledger-db-headless": {
        "it is no longer headless": {"spec clusterIP": GONE},
        "it gets an address": {"spec clusterIP": "10.0.9.8"},
    },
    "Service storefront-public": {
        "it is for the cluster only": {
            "spec type": "ClusterIP",
            "spec externalTrafficPolicy": GONE,
            "spec loadBalancerSourceRanges": GONE,
        },
        "the traffic policy stays behind": {"spec type": "ClusterIP"},
        "a class is set": {"spec loadBalancerClass": "example.com/lb"},
        "the check port is written": {"spec healthCheckNodePort": 31999},
    },
    "Service storefront-node": {
        "the node port changes": {"spec ports 0 nodePort": 30124},
        "the node port goes": {"spec ports 0 nodePort": GONE},
        "it is for the cluster only": {"spec type": "ClusterIP"},
    },
    "Service warehouse": {
        "the name changes": {"spec externalName": "other.example.com"},
        "it becomes a cluster service": {
            "spec type": "ClusterIP",
            "spec externalName": GONE,
            "spec ports": [{"name": "http", "port": 80}],
        },
    },
    "Service storefront-fixed": {
        "the address changes": {"spec clusterIP": "10.0.7.8"},
        "the address goes": {"spec clusterIP": GONE},
        "the policy becomes dual": {"spec ipFamilyPolicy": "PreferDualStack"},
        "the family changes": {"spec ipFamilies": ["IPv6"]},
    },
    "ConfigMap features": {
        "a value changes": {"data BANNER": "off"},
        "it becomes immutable": {"immutable": True},
    },
    "ConfigMap frozen-features": {
        "a value changes": {"data BANNER": "off"},
        "a label changes": {"metadata labels": {"a": "b"}},
        "it is no longer immutable": {"immutable": False},
        "the setting goes": {"immutable": GONE},
    },
    "Secret api-key": {
        "the type changes": {"type": "example.com/key"},
        "a value changes": {"stringData key": "another"},
    },
    "Secret frozen-key": {
        "a value changes": {"stringData key": "another"},
        "it is no longer immutable": {"immutable": False},
    },
    "StorageClass shared": {"nothing changes": {}},
    "PersistentVolumeClaim uploads": {
        "it grows": {"spec resources requests storage": "10Gi"},
        "it shrinks": {"spec resources requests storage": "1Gi"},
        "the class changes": {"spec storageClassName": "other"},
        "the access mode changes": {"spec accessModes": ["ReadWriteOnce"]},
        "the volume is named": {"spec volumeName": "archive"},
    },
    "PersistentVolume archive": {
        "the source changes": {"spec nfs path": "/other"},
        "the reclaim policy changes": {"spec persistentVolumeReclaimPolicy": "Delete"},
        "it grows": {"spec capacity storage": "200Gi"},
    },
    "Ingress storefront": {
        "the class changes": {"spec ingressClassName": "internal"},
        "the host changes": {"spec rules 0 host": "www.example.com"},
    },
    "RoleBinding config-reader": {
        "the role changes": {"roleRef name": "config-writer"},
        "the role's kind changes": {"roleRef kind": "ClusterRole"},
        "a subject is added": {
            "subjects 1": {"kind": "ServiceAccount", "name": "search", "namespace": "shop"}
        },
    },
    "ClusterRoleBinding node-reader": {"the role changes": {"roleRef name": "node-writer"}},
    "Role config-reader": {"a verb is added": {"rules 0 verbs": ["get", "list", "watch", "update"]}},
    "StorageClass fast": {
        "a parameter changes": {"parameters type": "io2"},
        "the reclaim policy changes": {"reclaimPolicy": "Retain"},
        "the binding mode changes": {"volumeBindingMode": "Immediate"},
        "the provisioner changes": {"provisioner": "other.example.com"},
        "expansion is allowed": {"allowVolumeExpansion": True},
    },
    "PriorityClass batch-low": {
        "the value changes": {"value": 200},
        "the preemption changes": {"preemptionPolicy": "PreemptLowerPriority"},
        "the description changes": {"description": "for batches"},
    },
    "RuntimeClass sandboxed": {"the handler changes": {"handler": "kata"}},
    "IngressClass internal": {"the controller changes": {"spec controller": "example.com/other"}},
    "PodDisruptionBudget storefront": {
        "the selector changes": {"spec selector": {"matchLabels": {"app": "other"}}},
        "the bound changes": {"spec maxUnavailable": 2},
        "the other bound is used": {"spec maxUnavailable": GONE, "spec minAvailable": 2},
    },
    "HorizontalPodAutoscaler storefront": {
        "the target changes": {"spec scaleTargetRef name": "search"},
        "the minimum passes the maximum": {"spec minReplicas": 50},
    },
    "NetworkPolicy storefront": {"the selector changes": {"spec podSelector": {}}},
    "ResourceQuota team": {
        "a limit changes": {"spec hard pods": "10"},
        "a scope is added": {"spec scopes": ["NotTerminating"]},
    },
    "LimitRange defaults": {"a maximum changes": {"spec limits 0 max cpu": "4"}},
    "Namespace agreement-team": {
        "the level changes": {"metadata labels pod-security.kubernetes.io/enforce": "baseline"},
        "the level becomes unknown": {"metadata labels pod-security.kubernetes.io/enforce": "strict"},
    },
    "CustomResourceDefinition backups.agreement.example.com": {
        "the scope changes": {"spec scope": "Cluster"},
        "the kind changes": {"spec names kind": "Snapshot"},
        "the group changes": {"spec group": "other.example.com"},
        "a property is added": {
            "spec versions 0 schema openAPIV3Schema properties spec properties note": {"type": "string"},
        },
        "the version is renamed": {"spec versions 0 name": "v2"},
        "a rule does not compile": {
            "spec versions 0 schema openAPIV3Schema properties spec x-kubernetes-validations": [
                {"rule": "self.keep >"},
            ],
        },
    },
    "ValidatingWebhookConfiguration agreement-check": {
        "the time-out changes": {"webhooks 0 timeoutSeconds": 10},
        "the review version becomes unknown": {"webhooks 0 admissionReviewVersions": ["v2"]},
    },
    "ValidatingAdmissionPolicy agreement-replicas": {
        "the expression changes": {"spec validations 0 expression": "object.spec.replicas <= 9"},
    },
    "ValidatingAdmissionPolicyBinding agreement-replicas": {
        "the policy changes": {"spec policyName": "other"},
    },
    "EndpointSlice legacy-db": {
        "the address type changes": {"addressType": "IPv6", "endpoints 0 addresses": ["2001:db8::1"]},
    },
    "Lease settle-leader": {"the holder changes": {"spec holderIdentity": "settle-1"}},
    "FlowSchema agreement-robots": {"the precedence changes": {"spec matchingPrecedence": 8000}},
    "PriorityLevelConfiguration agreement-robots": {"the type changes": {"spec": {"type": "Exempt"}}},
    "ResourceClaimTemplate accelerator": {
        "the class changes": {"spec spec devices requests 0 exactly deviceClassName": "tpu.example.com"},
    },
}
