"""A diff as text, Markdown, JSON and HTML, hostile text included."""

# ruff: noqa: E501 - snapshots are as long as what is printed

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from sealock.domain.object_diff import (
    HIDDEN,
    Danger,
    DiffReport,
    FieldChange,
    NotCompared,
    ObjectChange,
    OverlayDiff,
)
from sealock.domain.rendered import ObjectKey, RenderFailure
from sealock.report import diff_html, diff_json, diff_markdown, diff_text

WEB = ObjectChange(
    "changed",
    ObjectKey("apps/v1", "Deployment", "shop", "web"),
    (
        FieldChange("change", "spec.replicas", 3, 0),
        FieldChange("change", "spec.template.spec.containers[name=web].image", "web:1", "web:2"),
        FieldChange("change", "spec.resources.limits.cpu", "1000m", "1", equal_value=True),
        FieldChange("add", "metadata.labels.tier", None, "8"),
        FieldChange("remove", "spec.env[name=A]", {"name": "A", "value": "x"}),
        FieldChange("reorder", "spec.initContainers", ["[name=a]", "[name=b]"], ["[name=b]", "[name=a]"]),
    ),
)
SETTINGS = ObjectChange(
    "changed",
    ObjectKey("v1", "ConfigMap", "shop", "settings-5m462dtmft"),
    (FieldChange("change", 'data["app.ini"]', "a=1\nb=2\nc=3\n", "a=1\nb=5\nc=3\n"),),
    suffixes=("66h9cbh964", "5m462dtmft"),
    references=2,
    followers=("CronJob clean", "Deployment web"),
)
PASSWORD = ObjectChange(
    "changed",
    ObjectKey("v1", "Secret", "shop", "password"),
    (FieldChange("change", "data.password", HIDDEN, HIDDEN), FieldChange("remove", "data.old", HIDDEN)),
)
WIDGET = ObjectChange(
    "changed",
    ObjectKey("acme.io/v1", "Widget", "shop", "w"),
    (FieldChange("change", "spec.n", 1, 2),),
    by_position=True,
)
CLAIM = ObjectChange("removed", ObjectKey("v1", "PersistentVolumeClaim", "shop", "disk"))
ACCOUNT_KEY = ObjectKey("v1", "ServiceAccount", "shop", "web")
ACCOUNT = ObjectChange("added", ACCOUNT_KEY, manifest={"kind": "ServiceAccount", "metadata": {"name": "web"}})
REPORT = DiffReport(
    "main (12345678)",
    "work tree",
    (
        OverlayDiff("shop/overlays/dev", "dev", "changed", (CLAIM, ACCOUNT, WEB, SETTINGS, PASSWORD, WIDGET)),
        OverlayDiff("shop/overlays/qa", "qa", "added", (ACCOUNT,)),
    ),
    (
        Danger(
            "claim-removed",
            "shop/overlays/dev",
            "PersistentVolumeClaim shop/disk",
            "it is deleted",
            "Keep it.",
        ),
        Danger(
            "claim-removed",
            "shop/overlays/qa",
            "PersistentVolumeClaim shop/disk",
            "it is deleted",
            "Keep it.",
        ),
    ),
    (
        NotCompared(
            "shop/overlays/broken",
            "both",
            RenderFailure("build-failed", "no such file", "k.yaml", 4, 5, "Add it."),
        ),
    ),
    same=1,
    unread=("README.md",),
)


def text(report: DiffReport = REPORT, *, colour: bool = False) -> str:
    return "\n".join(diff_text.lines(report, colour=colour)) + "\n"


def of_objects(*objects: ObjectChange, overlay: str = "o") -> DiffReport:
    return DiffReport("a", "b", (OverlayDiff(overlay, None, "changed", objects),))


def test_text_has_dangers_first_and_the_numbers_last() -> None:
    assert text() == snapshot("""\
main (12345678) → work tree

danger[claim-removed]: PersistentVolumeClaim shop/disk
  it is deleted
  in: shop/overlays/dev, shop/overlays/qa
  help: Keep it.

undecided: shop/overlays/broken does not render before and after the change: k.yaml:4:5: no such file
  help: Add it.

shop/overlays/dev
  - PersistentVolumeClaim shop/disk
  + ServiceAccount shop/web
      + kind: ServiceAccount
      + metadata:
      +   name: web
  ~ Deployment shop/web
      ~ spec.replicas: 3 → 0
      ~ spec.template.spec.containers[name=web].image: web:1 → web:2
      ~ spec.resources.limits.cpu: 1000m → "1"  (the same value)
      + metadata.labels.tier: "8"
      - spec.env[name=A]: {"name":"A","value":"x"}
      ~ spec.initContainers: order name=a, name=b → name=b, name=a
  ~ ConfigMap shop/settings: content changed (suffix 66h9cbh964 → 5m462dtmft), 2 references followed: CronJob clean, Deployment web
      ~ data["app.ini"]:
            @@ -1,3 +1,3 @@
            a=1
          - b=2
          + b=5
            c=3
  ~ Secret shop/password
      ~ data.password: (changed)
      - data.old: (removed)
  ~ Widget shop/w
      ~ spec.n: 1 → 2
        no schema of this kind is known: list items were matched by name or position

shop/overlays/qa (new)
  + ServiceAccount shop/web
      + kind: ServiceAccount
      + metadata:
      +   name: web

1 more overlay reads a changed file and what it renders is the same
no overlay reads 1 changed file: README.md
2 overlays affected, 4 objects changed, 2 added, 1 removed; 2 dangers; 1 undecided
""")


def test_markdown_shows_before_and_after_as_lines() -> None:
    assert diff_markdown.document(REPORT) == snapshot("""\
### Rendered: `main (12345678)` → `work tree`
**2 overlays affected, 4 objects changed, 2 added, 1 removed; 2 dangers; 1 undecided**

> [!CAUTION]
> - **claim-removed** `PersistentVolumeClaim shop/disk` in `shop/overlays/dev, shop/overlays/qa`:
>   `it is deleted`<br>`Keep it.`

> [!WARNING]
> - undecided: `shop/overlays/broken does not render before and after the change: k.yaml:4:5: no such file`

- `1 more overlay reads a changed file and what it renders is the same`
- `no overlay reads 1 changed file: README.md`

<details open><summary><code>shop/overlays/dev</code>: 6 objects</summary>

```diff
- PersistentVolumeClaim shop/disk
+ ServiceAccount shop/web
+   kind: ServiceAccount
+   metadata:
+     name: web
! Deployment shop/web
-   spec.replicas: 3
+   spec.replicas: 0
-   spec.template.spec.containers[name=web].image: web:1
+   spec.template.spec.containers[name=web].image: web:2
-   spec.resources.limits.cpu: 1000m
+   spec.resources.limits.cpu: "1"  (the same value)
+   metadata.labels.tier: "8"
-   spec.env[name=A]: {"name":"A","value":"x"}
!   spec.initContainers: order name=a, name=b → name=b, name=a
! ConfigMap shop/settings: content changed (suffix 66h9cbh964 → 5m462dtmft), 2 references followed: CronJob clean, Deployment web
!   data["app.ini"]:
      @@ -1,3 +1,3 @@
      a=1
-     b=2
+     b=5
      c=3
! Secret shop/password
!   data.password: (changed)
-   data.old: (removed)
! Widget shop/w
-   spec.n: 1
+   spec.n: 2
    no schema of this kind is known: list items were matched by name or position
```

</details>

<details open><summary><code>shop/overlays/qa (new)</code>: 1 object</summary>

```diff
+ ServiceAccount shop/web
+   kind: ServiceAccount
+   metadata:
+     name: web
```

</details>
""")


def test_no_differences_are_one_line_of_numbers() -> None:
    assert text(DiffReport("a", "b", ())) == snapshot("""\
a → b

0 overlays affected, 0 objects changed, 0 added, 0 removed; 0 dangers
""")


def test_colour_is_there_only_when_asked_for() -> None:
    assert "\x1b" not in text()
    assert re.sub(r"\x1b\[[0-9;]*m", "", text(colour=True)) == text()


def test_json_is_as_its_schema_says() -> None:
    found = json.loads(diff_json.document(REPORT))
    jsonschema_rs.validator_for(diff_json.json_schema()).validate(found)
    assert found["summary"] == snapshot(
        {"affected": 2, "same": 1, "changed": 4, "added": 2, "removed": 1, "dangers": 2, "undecided": 1}
    )
    assert found["overlays"][0]["objects"][3]["suffix_after"] == "5m462dtmft"


def test_the_schema_refuses_what_is_not_a_diff() -> None:
    found = json.loads(diff_json.document(REPORT))
    found["overlays"][0]["objects"][0]["op"] = "exploded"
    assert not jsonschema_rs.validator_for(diff_json.json_schema()).is_valid(found)


def test_html_needs_nothing_from_elsewhere() -> None:
    page = diff_html.document(REPORT)
    assert not re.search(r"<(script|link|img|iframe)\b|\b(src|href)=|url\(|@import", page)
    assert "default-src 'none'" in page
    for each in ("claim-removed", "shop/overlays/dev", "web:1", "web:2", "undecided", "Add it."):
        assert each in page


HOSTILE = st.text(alphabet=st.sampled_from("<>&\"`'|*_[]()@#\\\n\r\x1b\u202e~-+ab "), max_size=60)


def hostile(words: str) -> DiffReport:
    change = ObjectChange(
        "changed",
        ObjectKey("v1", words, words, words),
        (
            FieldChange("change", words, words, f"{words}\n```\n{words}"),
            FieldChange("add", words, None, {words: words}),
        ),
    )
    report = of_objects(change, overlay=f"o{words}")
    return DiffReport(
        words,
        words,
        report.overlays,
        (Danger("pruned", words, words, words, words),),
        (NotCompared(words, "after", RenderFailure("build-failed", words, words, 1, 1, words)),),
        unread=(words,),
    )


class _Tags(HTMLParser):
    """The tags and attributes of a page, and whether each closes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ANN401 - as the base
        self.seen.update({tag, *(name for name, _ in attrs)})
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@settings(deadline=None)
@given(HOSTILE)
def test_html_shows_foreign_text_as_text(words: str) -> None:
    tags = _Tags()
    tags.feed(diff_html.document(hostile(words)))
    assert tags.open == []
    ours = {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "p",
        "strong",
        "div",
        "code",
        "br",
        "details",
    }
    assert tags.seen - ours <= {
        "summary",
        "pre",
        "span",
        "class",
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "open",
    }


@settings(deadline=None)
@given(HOSTILE)
def test_no_format_for_people_passes_on_what_a_terminal_obeys(words: str) -> None:
    for found in (
        text(hostile(words)),
        diff_markdown.document(hostile(words)),
        diff_html.document(hostile(words)),
    ):
        assert not {"\x1b", "\r", "\u202e"} & set(found)


@settings(deadline=None)
@given(HOSTILE)
def test_foreign_text_does_not_end_a_markdown_block(words: str) -> None:
    lines = diff_markdown.document(hostile(words)).split("\n")
    fences = [index for index, line in enumerate(lines) if re.match(r"`{3,}", line)]
    start, end = fences[0], fences[-1]
    assert lines[start] == lines[end] + "diff"
    assert all(line[:1] in {"!", "+", "-", " ", ""} for line in lines[start + 1 : end])
    assert lines[end + 1 :] == ["", "</details>", ""]


def many(objects: int, size: int) -> DiffReport:
    overlays = [
        OverlayDiff(
            f"services/s{number}/overlays/dev",
            "dev",
            "changed",
            (
                ObjectChange(
                    "changed",
                    ObjectKey("v1", "ConfigMap", "n", f"m{number}"),
                    (FieldChange("change", "data.a", "ü" * size, "y" * size),),
                ),
            ),
        )
        for number in range(objects)
    ]
    dangers = [
        Danger("pruned", each.overlay, f"ConfigMap {each.overlay}", "w" * 500, "h") for each in overlays
    ]
    return DiffReport("a", "b", tuple(overlays), tuple(dangers))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 700), st.integers(1, 150))
def test_a_comment_is_never_too_long_and_counts_what_it_leaves_out(objects: int, size: int) -> None:
    found = diff_markdown.document(many(objects, size))
    assert len(found.encode()) <= diff_markdown.LIMIT_BYTES
    shown = len(re.findall(r"^! ConfigMap n/m\d+$", found, re.MULTILINE))
    left = re.search(r"Left out, because a comment has its limit: (\d+) objects? in", found)
    assert shown + int(left[1] if left else 0) == objects
    assert found.count("<details") == found.count("</details>") == shown


def test_an_object_that_alone_is_too_long_leaves_room_for_the_others() -> None:
    huge = ObjectChange(
        "changed",
        ObjectKey("v1", "ConfigMap", "n", "huge"),
        tuple(FieldChange("add", f"data.k{number}", None, "v" * 150) for number in range(1000)),
    )
    found = diff_markdown.document(of_objects(huge, WIDGET))
    assert "Widget shop/w" in found
    assert "1 object in 1 overlay" in found


def test_a_long_added_object_is_cut_and_says_so() -> None:
    manifest = {"data": {f"k{number}": "v" for number in range(100)}}
    added = ObjectChange("added", ObjectKey("v1", "ConfigMap", "n", "big"), manifest=manifest)
    assert "… 41 more lines" in text(of_objects(added))
