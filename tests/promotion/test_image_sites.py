"""Where images of an overlay are set: every place, in the order in which they count, and its edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot
from msgspec.structs import replace

from sealock.app.image_sites import (
    ImageSite,
    ImageSites,
    edit,
    find_sites,
    in_overlay,
    override_files,
    pins_of,
)
from sealock.domain.promotion import ImagePin
from sealock.domain.service_overlays import ServiceOverlay
from sealock.domain.settings import HelmValues, Kustomize, Promotion, Settings, Versions
from sealock.errors import ConfigurationError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

OLD = f"sha256:{'a1' * 32}"
NEW = f"sha256:{'b2' * 32}"
PIN = ImagePin("ghcr.io/acme/api", "", "1.4.2", NEW)
FOLDER = "services/api/overlays/production"
FILE = f"{FOLDER}/kustomization.yaml"
OVERLAY = ServiceOverlay("api", "production", FOLDER, FILE)
SETTINGS = Settings(Versions(), {}, {}, (), Kustomize(), {})
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    spec:
      initContainers:
        - name: migrate
          image: ghcr.io/acme/migrate:7
      containers:
        - name: api
          image: ghcr.io/acme/api:1.0.0
"""
BASE = {
    "services/api/base/kustomization.yaml": "resources:\n- deployment.yaml\n",
    "services/api/base/deployment.yaml": DEPLOYMENT,
}
COMPONENT = "kind: Component\nimages:\n- {{name: a, newName: mirror/a, newTag: {}}}\n"
PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec: {template: {spec: {containers: [{name: api, image: "ghcr.io/acme/api:patched"}]}}}
"""


def reader(files: dict[str, str]) -> Callable[[str], str]:
    def read_text(path: str) -> str:
        try:
            return files[path]
        except KeyError:
            raise FileNotFoundError(path) from None

    return read_text


def sites(
    files: dict[str, str], settings: Settings = SETTINGS, *, deep: bool = True
) -> tuple[ImageSite, ...]:
    return find_sites(reader(files), OVERLAY, settings, deep=deep)


def shown(found: tuple[ImageSite, ...]) -> list[str]:
    return [f"{each.kind} {each.file} {each.pin}{' shared' if each.shared else ''}" for each in found]


def edited(files: dict[str, str], site: ImageSite, style: str = "comment") -> list[str]:
    """Return the lines that an edit brings into the site's file."""
    before = files[site.file]
    after = edit(site, before, PIN, "newTag" if style == "newTag" else "comment")
    return [line for line in after.splitlines() if line not in before.splitlines()]


def test_images_of_the_overlay_are_found_with_the_tag_of_the_comment() -> None:
    files = {FILE: f"images:\n- name: api\n  newName: ghcr.io/acme/api\n  digest: {OLD} # 1.4.1\n"}
    pin = ImagePin("api", "ghcr.io/acme/api", "1.4.1", OLD)
    assert (ImageSite(FOLDER, FILE, "images", pin, 0),) == sites(files)


def test_without_deep_what_the_overlay_says_is_all_and_nothing_else_is_read() -> None:
    read: list[str] = []
    files = {FILE: f"resources: [../../base]\nimages:\n- name: api\n  digest: {OLD}\n", **BASE}

    def read_text(path: str) -> str:
        read.append(path)
        return reader(files)(path)

    assert [each.pin.name for each in find_sites(read_text, OVERLAY, SETTINGS)] == ["api"]
    assert [FILE, f"{FOLDER}/.argocd-source.yaml"] == read


def test_places_come_in_the_order_in_which_they_count() -> None:
    files = {
        FILE: f"""\
resources:
- ../../base
- job.yaml
components:
- ../../components/first
- ../../components/second
patches:
- path: patch.yaml
- target: {{kind: Deployment}}
  patch: |-
    - op: replace
      path: /spec/template/spec/containers/0/image
      value: ghcr.io/acme/api:operation
images:
- name: ghcr.io/acme/api
  digest: {OLD}
""",
        f"{FOLDER}/.argocd-source.yaml": "kustomize:\n  images: ['ghcr.io/acme/api:argo']\n",
        f"{FOLDER}/patch.yaml": PATCH,
        f"{FOLDER}/job.yaml": "kind: Job\nspec: {template: {spec: {containers: [{image: 'job:1'}]}}}\n",
        "services/api/components/first/kustomization.yaml": COMPONENT.format("v1"),
        "services/api/components/second/kustomization.yml": COMPONENT.format("v2"),
        **BASE,
    }
    found = [each.replace(OLD, "OLD").replace(FOLDER, "HERE") for each in shown(sites(files))]
    assert found == snapshot(
        [
            "argocd-source HERE/.argocd-source.yaml ghcr.io/acme/api:argo",
            "images HERE/kustomization.yaml ghcr.io/acme/api@OLD",
            "patch HERE/kustomization.yaml ghcr.io/acme/api:operation",
            "patch HERE/patch.yaml ghcr.io/acme/api:patched",
            "images services/api/components/second/kustomization.yml mirror/a:v2 shared",
            "images services/api/components/first/kustomization.yaml mirror/a:v1 shared",
            "resource HERE/job.yaml job:1",
            "base HERE/kustomization.yaml ghcr.io/acme/migrate:7",
        ]
    )


def test_of_two_entries_for_one_name_the_last_counts() -> None:
    text = "images:\n- {name: a, newTag: v1}\n- {name: b, newTag: v1}\n- {name: a, newTag: v2}\n"
    assert [str(each.pin) for each in sites({FILE: text})] == ["a:v2", "a:v1", "b:v1"]


def test_an_image_that_only_the_base_sets_gets_an_entry_in_the_overlay() -> None:
    files = {FILE: "resources:\n- ../../base\n", **BASE}
    found = sites(files)
    assert [
        f"base {FILE} ghcr.io/acme/migrate:7",
        f"base {FILE} ghcr.io/acme/api:1.0.0",
    ] == shown(found)
    assert ["images:", "- name: ghcr.io/acme/api", f"  digest: {NEW} # 1.4.2"] == edited(files, found[1])


def test_the_entry_has_the_name_that_the_base_gives_the_image() -> None:
    base = BASE | {
        "services/api/base/kustomization.yaml": (
            "resources: [deployment.yaml]\n"
            "images: [{name: ghcr.io/acme/api, newName: registry.example/api, newTag: v9}]\n"
        )
    }
    found = sites({FILE: "resources:\n- ../../base\n", **base})
    assert ImagePin("registry.example/api", "", "v9") in [each.pin for each in found]


def test_a_base_below_a_base_and_a_patched_container_are_followed() -> None:
    files = {
        FILE: "resources:\n- ../../common\n",
        "services/api/common/kustomization.yaml": "resources: [../base]\npatches: [{path: patch.yaml}]\n",
        "services/api/common/patch.yaml": PATCH,
        **BASE,
    }
    assert [str(each.pin) for each in sites(files)] == ["ghcr.io/acme/migrate:7", "ghcr.io/acme/api:patched"]


def test_a_base_that_refers_to_itself_ends() -> None:
    files = {
        FILE: "resources:\n- ../../base\n",
        "services/api/base/kustomization.yaml": "resources: [../base]\n",
    }
    assert sites(files) == ()


@pytest.mark.parametrize("name", ["ghcr.io/acme/api", "ghcr.io/.*/api"])
def test_an_entry_is_about_what_its_expression_matches(name: str) -> None:
    files = {FILE: f"resources:\n- ../../base\nimages:\n- name: {name}\n  newTag: v1\n", **BASE}
    assert [name, "ghcr.io/acme/migrate"] == [each.pin.name for each in sites(files)]


def test_an_expression_that_would_take_for_ever_matches_nothing() -> None:
    name = "(a+)+b"
    base = BASE | {"services/api/base/deployment.yaml": DEPLOYMENT.replace("ghcr.io/acme/api", "a" * 200)}
    files = {FILE: f"resources:\n- ../../base\nimages:\n- name: {name}\n  newTag: v1\n", **base}
    assert [name, "ghcr.io/acme/migrate", "a" * 200] == [each.pin.name for each in sites(files)]


@pytest.mark.parametrize(
    ("patch", "line"),
    [
        ("patches:\n- path: patch.yaml\n", f'"ghcr.io/acme/api@{NEW}"'),
        ("patchesStrategicMerge:\n- patch.yaml\n", f'"ghcr.io/acme/api@{NEW}"'),
    ],
)
def test_a_patch_in_a_file_is_edited_there(patch: str, line: str) -> None:
    files = {FILE: f"resources:\n- ../../base\n{patch}", f"{FOLDER}/patch.yaml": PATCH, **BASE}
    first, *others = sites(files)
    assert f"patch {FOLDER}/patch.yaml ghcr.io/acme/api:patched" == shown((first,))[0]
    assert [each.pin.name for each in others] == ["ghcr.io/acme/migrate"]
    assert [line in each and each.endswith("# 1.4.2") for each in edited(files, first)] == [True]


def test_a_json_patch_in_the_kustomization_is_edited_in_its_block() -> None:
    patch = "patchesJson6902:\n- patch: |\n    - op: add\n      path: /spec/containers/-\n"
    files = {FILE: patch + "      value: {name: side, image: 'ghcr.io/acme/side:1'}\n"}
    (site,) = sites(files)
    assert site.place.path == (0, "value", "image")
    wanted = f"      value: {{name: side, image: 'ghcr.io/acme/side:1.4.2@{NEW}'}}"
    assert [wanted] == edited(files, site, "newTag")


def test_a_shared_component_can_be_left_for_an_entry_of_the_overlay() -> None:
    files = {
        FILE: "resources:\n- ../../base\ncomponents:\n- ../../components/pin\n",
        "services/api/components/pin/kustomization.yaml": COMPONENT.format("v1"),
        **BASE,
    }
    shared = next(each for each in sites(files) if each.shared)
    assert [f"- {{name: a, newName: mirror/a, digest: {NEW}}} # 1.4.2"] == edited(files, shared)
    assert ["images:", "- name: mirror/a", f"  digest: {NEW} # 1.4.2"] == edited(
        files, in_overlay(shared, FILE)
    )


def test_overrides_of_one_application_come_first() -> None:
    one, every = f"{FOLDER}/.argocd-source-api.yaml", f"{FOLDER}/.argocd-source.yaml"
    files = {
        FILE: "resources: []\n",
        one: "kustomize:\n  images:\n  - api=ghcr.io/acme/api:v2\n",
        every: "kustomize:\n  images:\n  - api=ghcr.io/acme/api:v1\n",
    }
    beside = override_files(files)
    assert {FOLDER: (one, every)} == beside
    found = ImageSites(reader(files), SETTINGS).of(OVERLAY, overrides=beside[FOLDER])
    assert [one, every] == [each.file for each in found]
    assert [f"  - api=ghcr.io/acme/api@{NEW} # 1.4.2"] == edited(files, found[0])


def charts(*rules: HelmValues) -> Settings:
    return replace(SETTINGS, promotion=Promotion(helm_values=rules))


def test_values_of_a_chart_are_found_where_the_settings_say() -> None:
    rule = HelmValues("services/*/values.yaml", "image.repository", "image.tag", "image.digest")
    files = {
        FILE: "helmCharts:\n- name: api\n  valuesFile: values.yaml\n",
        f"{FOLDER}/values.yaml": f"image:\n  repository: ghcr.io/acme/api\n  tag: 1.4.1\n  digest: {OLD}\n",
    }
    (site,) = sites(files, charts(rule))
    assert ("helm", ImagePin("ghcr.io/acme/api", "", "1.4.1", OLD)) == (site.kind, site.pin)
    assert ["  tag: 1.4.2", f"  digest: {NEW}"] == edited(files, site)


def test_values_in_the_kustomization_are_found_too() -> None:
    rule = HelmValues("services/*/kustomization.yaml", tag="api.tag")
    files = {FILE: f"helmCharts:\n- name: api\n  valuesInline:\n    api:\n      tag: 1.4.1@{OLD}\n"}
    (site,) = sites(files, charts(rule))
    assert ImagePin("api.tag", "", "1.4.1", OLD) == site.pin
    assert [f"      tag: 1.4.2@{NEW}"] == edited(files, site)


def test_values_that_no_setting_names_are_nobodys() -> None:
    files = {
        FILE: "helmCharts:\n- name: api\n  valuesFile: values.yaml\n",
        f"{FOLDER}/values.yaml": "image: {tag: v1}\n",
    }
    assert sites(files, charts(HelmValues("other/*.yaml", tag="image.tag"))) == ()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("resources:\n- ../../../../../etc\n", f"{FILE}:2:3: this leads out of the repository"),
        ("resources:\n- /etc\n", f"{FILE}:2:3: this leads out of the repository"),
        ("components:\n- ../../../../.git/hooks\n", f"{FILE}:2:3: this leads into .git"),
        ("patches:\n- path: ../../../../.GIT/config\n", f"{FILE}:2:9: this leads into .git"),
        ("resources:\n- ../../../../git~1/a.yaml\n", f"{FILE}:2:3: this leads into .git"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused_where_it_stands(text: str, place: str) -> None:
    with pytest.raises(Refused) as refused:
        sites({FILE: text})
    assert place == f"{refused.value.where}: {refused.value.message}"


def test_an_overlay_in_git_is_refused() -> None:
    overlay = ServiceOverlay("api", "production", "a/.git/b", "a/.git/b/kustomization.yaml")
    with pytest.raises(Refused, match=r"this leads into \.git"):
        find_sites(reader({}), overlay, SETTINGS)


def test_a_file_behind_a_link_is_refused() -> None:
    files = {FILE: "patches:\n- path: patch.yaml\n", f"{FOLDER}/patch.yaml": PATCH}
    linked = ImageSites(reader(files), SETTINGS, lambda path: not path.endswith("patch.yaml"))
    with pytest.raises(Refused, match=r"patch\.yaml is a link, or behind one") as refused:
        linked.of(OVERLAY, deep=True)
    assert f"{FILE}:2:3" == str(refused.value.where)


def test_remote_bases_and_files_that_are_gone_say_nothing() -> None:
    text = (
        "resources:\n- https://example.com/base?ref=v1\n- gone.yaml\n- ../gone\npatches:\n- path: gone.yaml\n"
    )
    assert sites({FILE: text}) == ()


def test_an_overlay_that_is_gone_is_not_found() -> None:
    with pytest.raises(FileNotFoundError):
        sites({})


def test_what_is_no_yaml_is_an_error_and_not_nothing() -> None:
    with pytest.raises(ConfigurationError):
        sites({FILE: "images: [\n"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: |\n  images:\n  - name: x\n", []),
        ('a: "\nimages:\n- name: x\n"\nimages:\n- name: y\n', ["y"]),
        ("a: {\nimages: x\n}\nimages:\n- name: y\n", ["y"]),
        ("{images: [{name: x}]}", ["x"]),
        ("images:\n- name: &a x\n- name: *a\n", ["x", "x"]),
        ("images:\n- name: >-\n    x\n", ["x"]),
        ("images:\n- <<: {name: x}\n  newTag: v1\n", ["x"]),
        ("images:\n-\n  name: x\n", ["x"]),
        ("images:\n- name: x # a # b\n\n  # c\n  newTag: v1\nkind: Kustomization\n", ["x"]),
        ("\ufeffimages:\n- name: x\n", ["x"]),
        ("---\nimages:\n- name: x\n", ["x"]),
        ("# images: none\n", []),
        ("images:\n", []),
        ("images: text\n", []),
        ("images:\n- text\n- name: x\n", ["x"]),
    ],
)
def test_images_are_read_in_any_shape(text: str, expected: list[str]) -> None:
    assert expected == [each.pin.name for each in sites({FILE: text})]


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        (FILE, "images: [{name: a, newTag: v1}]", ["a:v1"]),
        (FILE, "patches:\n- patch: '[{op: add, path: /image, value: \"a:v1\"}]'\n", ["a:v1"]),
        ("a/patch.yaml", PATCH, ["ghcr.io/acme/api:patched"]),
        ("a/.argocd-source-x.yaml", "kustomize: {images: ['a=b:v1']}", ["b:v1"]),
        (FILE, "images: [", []),
    ],
)
def test_every_image_of_one_file_is_read_on_its_own(file: str, text: str, expected: list[str]) -> None:
    assert expected == [str(each) for each in pins_of(text, file)]
