"""One promotion by the adapters alone, as a process of its own that can be killed anywhere.

    python -m tests.promotion.faults.promoter ROOT PATH TEXT [ATTEMPTS]

Adds the line TEXT to the file PATH of the deployed branch, once: again and again while others are first.
Prints `accepted`, `nothing to do`, or the error; exit status 0, or the error's own. With KILL_AT=k in the
environment the process kills itself at the k-th step at which Python writes or starts a program; with
COUNT_STEPS it prints how many there are.
"""

# ruff: noqa: T201, S311 - a program of its own; chance only spreads the attempts

from __future__ import annotations

import os
import random
import signal
import sys
import time

from sealock.adapters.deployed_branch import GitDeployedBranch
from sealock.adapters.git_revision import GitRevisions
from sealock.domain.plan import FileChange
from sealock.errors import SealockError

_STEPS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "subprocess.Popen"}


def main(root: str, path: str, text: str, attempts: int) -> int:
    _watch_steps()
    deployed = GitDeployedBranch(root)
    try:
        for _ in range(attempts):
            said = _promote(deployed, root, path, text)
            if said != "moved":
                print(said)
                return 0 if said in {"accepted", "nothing to do"} else 1
            time.sleep(random.random() * 0.05)
    except SealockError as wrong:
        print(f"{wrong.message} | {wrong.hint}")
        return wrong.exit_code
    print("moved too often")
    return 4


def _promote(deployed: GitDeployedBranch, root: str, path: str, text: str) -> str:
    base = deployed.tip()
    with GitRevisions(root).files(base) as files:
        before = files.read_text(path) if files.blob(path) else None
    if text in (before or "").splitlines():
        return "nothing to do"
    change = FileChange(path, before, f"{before or ''}{text}\n")
    made = deployed.commit(base, deployed.tree(base, [change]), f"promote({text}): dev → staging\n")
    done = deployed.deliver(base, made)
    return f"refused: {done.message}" if done.status == "refused" else done.status


def _watch_steps() -> None:
    last = int(os.environ.get("KILL_AT", "0"))
    seen = 0

    def step(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event in _STEPS or (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_ACCMODE
        ):
            seen += 1
            if seen == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(step)


if __name__ == "__main__":
    # For who is to kill this process, and no other.
    os.environ["PROMOTER"] = str(os.getpid())
    _, root, path, text, *more = sys.argv
    sys.exit(main(root, path, text, int(more[0]) if more else 200))
