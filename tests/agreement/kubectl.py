"""Client-side `kubectl apply`, by kubectl itself."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

from testbed.build import program
from tests.agreement.comparing import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.control_plane import Access
    from tests.agreement.manifests import Manifest

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation in which kubectl keeps what it applied last."""

_INVALID = re.compile(r'The \S+ "[^"]*" is invalid: (.*)', re.DOTALL)


class Kubectl:
    """Applies to one API server, always as a dry run that the server judges."""

    def __init__(self, access: Access, folder: Path) -> None:
        """Keep what kubectl keeps in `folder`."""
        self._folder = folder
        self._command = [
            str(program()),
            "kubectl",
            f"--server=https://127.0.0.1:{access.port}",
            f"--certificate-authority={access.certificate}",
            f"--token={access.token}",
            f"--cache-dir={folder}",
        ]

    def apply(self, manifest: Manifest) -> Verdict:
        """Return what comes of applying a manifest."""
        command = [*self._command, "apply", "--dry-run=server", "--validate=strict", "-f", "-"]
        environment = {"HOME": str(self._folder)}
        text = json.dumps(manifest)
        done = subprocess.run(
            command, input=text, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        if done.returncode == 0:
            return Verdict(refused=False)
        found = _INVALID.search(done.stderr)
        if not found:
            return Verdict(refused=True, faults=frozenset({("", done.stderr.strip())}), partial=True)
        causes = found[1].strip().removeprefix("* ").split("\n* ")
        return Verdict(refused=True, faults=frozenset(_fault(each.strip()) for each in causes))


def _fault(cause: str) -> tuple[str, str]:
    path, _, message = cause.partition(": ")
    return path, message
