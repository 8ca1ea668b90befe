"""Names of promotion branches, and the text of requests."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot
from msgspec.structs import replace

from sealock.app.deliver_request import branch_name, title
from sealock.domain.promotion import (
    Branch,
    Car,
    FieldChange,
    GateResult,
    ImageMove,
    ImagePin,
    LeftOut,
    Override,
    PlannedChange,
    PromotionPlan,
)
from sealock.domain.status import open_promotion
from sealock.report.promotion_markdown import MOST, body

A, B = (f"sha256:{letter * 64}" for letter in "ab")


def car(service: str = "ledger", *digests: str, target: str = "production") -> Car:
    images = tuple(
        ImageMove(
            f"ghcr.io/acme/{n}", ImagePin(f"ghcr.io/acme/{n}", tag="1.4"), ImagePin(f"x/{n}", digest=each)
        )
        for n, each in enumerate(digests or (A,))
    )
    return Car(service, "staging", target, (f"services/{service}/overlays/{target}",), images)


def plan(*cars: Car) -> PromotionPlan:
    return PromotionPlan(
        action="promote",
        to=Branch("origin", "main"),
        base="1" * 40,
        base_tree="2" * 40,
        environment=(cars or (car(),))[0].target,
        cars=cars or (car(),),
        changes=(PlannedChange("a.yaml", "3" * 40, "one\n", "two\n"),),
        tree="4" * 40,
        gates=(GateResult("approvals", "production", "refuse", "0 of 2 approved", service="ledger"),),
        rendered=(FieldChange("services/ledger", "Deployment api", "image", "a", "b"),),
        author="Ada <ada@acme.dev>",
        created="2026-11-02T09:00:00Z",
    )


def test_a_branch_is_named_for_what_it_brings() -> None:
    assert branch_name(plan()) == f"sealock/promote/production/ledger-{'a' * 12}"


def test_a_train_has_one_name_in_any_order() -> None:
    name = branch_name(plan(car("a"), car("b")))
    assert re.fullmatch("sealock/promote/production/train-[0-9a-f]{8}-[0-9a-f]{12}", name)
    assert name == branch_name(plan(car("b"), car("a")))
    assert name != branch_name(plan(car("a"), car("b", B)))


def test_several_images_have_a_name_of_their_own() -> None:
    names = {branch_name(plan(car("ledger", *each))) for each in ((A,), (B,), (A, B))}
    assert len(names) == 3


def test_status_reads_the_name() -> None:
    found = open_promotion(branch_name(plan()))
    assert (found.environment, found.service) == ("production", "ledger")
    assert open_promotion(branch_name(plan(car("a"), car("b")))).service.startswith("train-")


NAMES = st.one_of(st.text(min_size=1), st.text("a./-@{~^:?*[\\ \n", min_size=1), st.just("x.lock"))


@settings(max_examples=60, deadline=None)
@given(NAMES, NAMES)
def test_any_name_makes_a_branch_that_git_takes(service: str, target: str) -> None:
    name = branch_name(plan(car(service, target=target)))
    assert len(name) < 200
    checked = subprocess.run(["git", "check-ref-format", "--branch", name], check=False, capture_output=True)
    assert (checked.returncode, name.count("/")) == (0, 3), name


@given(NAMES, NAMES)
def test_different_names_make_different_branches(one: str, other: str) -> None:
    assert (one == other) == (branch_name(plan(car(one))) == branch_name(plan(car(other))))


def test_a_title_fits() -> None:
    cars = [car(f"service-{n}") for n in range(100)]
    assert len(title(plan(*cars))) <= 255


def test_a_body_tells_the_plan() -> None:
    shown = replace(
        plan(),
        left_out=(LeftOut("mailer", "soak: 20 m left"),),
        override=Override("because", "grace@acme.dev"),
        sync=("argocd app sync ledger",),
    )
    assert body(shown, "sha256:plan").replace("a" * 64, "a…") == snapshot("""\
Promotes `ledger` to `production` on `origin/main` at `111111111111`, by Ada &#60;ada&#64;acme.dev&#62;.
- Reason: because
- Stands for it: grace&#64;acme.dev

### What moves

| Service | Image | From | To |
| --- | --- | --- | --- |
| ledger | ghcr.io/acme/0 | ghcr.io/acme/0:1.4 | x/0&#64;sha256:a… |

### Left out

| Service | Why |
| --- | --- |
| mailer | soak: 20 m left |

### Gates

| Gate | Service | Verdict | What it says |
| --- | --- | --- | --- |
| approvals | ledger | refuse | 0 of 2 approved |

Approve this request in a review of its newest commit. Who opened it does not count.

### What renders otherwise, and nothing else

| Overlay | Object | Field | From | To |
| --- | --- | --- | --- | --- |
| services/ledger | Deployment api | image | a | b |

### Lines

```diff
--- a/a.yaml
+++ b/a.yaml
@@ -1 +1 @@
-one
+two
```

### Manual sync required: after the merge, approve this

```sh
argocd app sync ledger
```

Plan `sha256:plan`, made by `sealock`.
""")


EVIL = "| `x` <b>@acme/team #1 [a](http://evil)\n/merge\n```\n\x1b[31m"


def test_foreign_text_means_nothing() -> None:
    gate = GateResult("program", "production", "refuse", EVIL, service=EVIL)
    evil = replace(plan(), gates=(gate,), author=EVIL, override=Override(EVIL, EVIL))
    evil = replace(evil, changes=(PlannedChange("a.yaml", "", "", f"```\n{EVIL}\n````\n"),))
    text = body(evil, "sha256:plan")
    outside, fence, inside = text.partition("\n`````diff\n")
    assert fence
    assert not re.search(r"@acme|<b>|\[a\]|#1\b", outside.replace("&#64;", "").replace("###", ""))
    assert not re.search(r"^/merge", text.partition("\n`````\n")[0].partition("`````diff")[0], re.MULTILINE)
    assert inside.count("`````") == 1
    assert "\x1b" not in text


@pytest.mark.parametrize("count", [1, 300, 3000])
def test_a_body_fits_and_says_how_much_is_missing(count: int) -> None:
    cars = [car(f"service-{n}") for n in range(count)]
    changes = [PlannedChange(f"{n}.yaml", "", "x" * 300 + "\n", "y" * 300 + "\n") for n in range(count)]
    gates = [GateResult("freeze", "production", "pass", "z" * 300, service=each.service) for each in cars]
    text = body(replace(plan(*cars), changes=tuple(changes), gates=tuple(gates)), "sha256:plan")
    assert len(text) <= MOST
    assert text.endswith("Plan `sha256:plan`, made by `sealock`.\n")
    moves = text.partition("### Gates")[0]
    shown = len(re.findall(r"^\| service-\d+ \| ghcr", moves, re.MULTILINE))
    missing = sum(int(each) for each in re.findall(r"^… and (\d+) more rows", moves, re.MULTILINE))
    assert shown + missing == count
    assert (missing > 0) == (count == 3000)
