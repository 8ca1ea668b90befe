"""Repositories of any size for the benchmarks and the tests, the same bytes at each run.

python bench/corpus.py FOLDER [--overlays 300]
"""

from __future__ import annotations

import argparse
from pathlib import Path

ENVIRONMENTS = ("dev", "staging", "production")

_BASE = {
    "kustomization.yaml": """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - deployment.yaml
  - service.yaml
  - configmap.yaml
  - autoscaler.yaml
  - account.yaml
  - network.yaml
labels:
  - pairs:
      app.kubernetes.io/part-of: platform
""",
    "deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
  labels:
    app.kubernetes.io/name: NAME
spec:
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/name: NAME
  template:
    metadata:
      labels:
        app.kubernetes.io/name: NAME
    spec:
      serviceAccountName: NAME
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: NAME
          image: ghcr.io/acme/NAME
          ports:
            - name: http
              containerPort: 8080
          envFrom:
            - configMapRef:
                name: NAME
          readinessProbe:
            httpGet:
              path: /healthz
              port: http
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits: {cpu: "1", memory: 256Mi}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop: [ALL]
""",
    "service.yaml": """\
apiVersion: v1
kind: Service
metadata:
  name: NAME
spec:
  selector:
    app.kubernetes.io/name: NAME
  ports:
    - name: http
      port: 80
      targetPort: http
""",
    "configmap.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: NAME
data:
  LOG_LEVEL: info
  SERVICE: NAME
""",
    "autoscaler.yaml": """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: NAME
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: NAME
  minReplicas: 2
  maxReplicas: 6
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: 70
""",
    "account.yaml": """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: NAME
automountServiceAccountToken: false
""",
    "network.yaml": """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: NAME
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: NAME
  policyTypes: [Ingress]
  ingress:
    - ports:
        - port: 8080
""",
}

_OVERLAY = {
    "kustomization.yaml": """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: NAME-ENVIRONMENT
resources:
  - ../../base
patches:
  - path: replica-patch.yaml
  - path: resource-limits-patch.yaml
images:
  - name: ghcr.io/acme/NAME
    digest: sha256:DIGEST
""",
    "replica-patch.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
spec:
  replicas: REPLICAS
""",
    "resource-limits-patch.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
spec:
  template:
    spec:
      containers:
        - name: NAME
          resources:
            limits:
              memory: 512Mi
""",
}


def write_repository(folder: Path, overlays: int) -> None:
    """Write `overlays` overlays: services with a base of six resources, three environments each."""
    for number in range(overlays):
        service, environment = divmod(number, len(ENVIRONMENTS))
        name = f"service-{service:04d}"
        words = {
            "NAME": name,
            "ENVIRONMENT": ENVIRONMENTS[environment],
            "REPLICAS": str(environment + 2),
            "DIGEST": f"{number:064x}",
        }
        if environment == 0:
            _write(folder / "services" / name / "base", _BASE, words)
        _write(folder / "services" / name / "overlays" / ENVIRONMENTS[environment], _OVERLAY, words)


def _write(folder: Path, files: dict[str, str], words: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        filled = text
        for word, value in words.items():
            filled = filled.replace(word, value)
        (folder / file).write_text(filled, encoding="utf-8")


def write_catalog(folder: Path, services: int) -> None:
    """Write a services.yaml of `services` services; every third needs the one before it."""
    lines = ["repository: https://github.com/acme/platform-manifests.git", "services:"]
    for number in range(services):
        lines += [f"  service-{number:04d}:", f"    namespace: team-{number % 20:02d}"]
        if number % 3:
            lines.append(f"    needs: [service-{number - 1:04d}]")
        lines.append(f'    production: {{digest: "sha256:{number:064x}"}}')
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "services.yaml").write_text("\n".join([*lines, ""]), encoding="utf-8")


def main() -> None:
    """Write a repository."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--overlays", type=int, default=300)
    options = parser.parse_args()
    write_repository(options.folder, options.overlays)


if __name__ == "__main__":
    main()
