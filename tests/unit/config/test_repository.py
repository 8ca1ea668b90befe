from collections.abc import Sequence

import pytest

from sealock.config import repository
from sealock.errors import ConfigurationError


class Files:
    """A FileTree of texts in memory."""

    def __init__(self, **texts: str) -> None:
        self.texts = {name.replace("_", "."): text for name, text in texts.items()}

    def files(self) -> Sequence[str]:
        return sorted(self.texts)

    def read_text(self, path: str) -> str:
        if path not in self.texts:
            raise FileNotFoundError(path)
        return self.texts[path]


def test_a_repository_without_files_has_the_default_settings_and_no_catalog() -> None:
    found = repository.read(Files())
    assert (list(found.settings.environments), found.catalog) == (["dev", "staging", "production"], None)


def test_the_catalog_follows_the_environments_of_the_settings() -> None:
    found = repository.read(
        Files(
            sealock_yaml="environments: {test: {}, live: {after: test}}\n",
            services_yaml="repo: https://x.org/acme/y\nservices: {a: {live: {replicas: 3}}}\n",
        )
    )
    assert found.catalog is not None
    deployments = found.catalog.services["a"].deployments
    assert {name: each.replicas for name, each in deployments.items()} == {"test": 1, "live": 3}


def test_a_key_of_no_environment_is_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        repository.load("environments: {test: {}}\n", "repo: https://x.org/a/y\nservices: {a: {tset: {}}}\n")
    assert (str(caught.value.where), caught.value.hint) == ("services.yaml:2:16", "Did you mean `test`?")


@pytest.mark.parametrize("name", ["sealock_yml", "services_yml"])
def test_the_short_file_name_is_an_error_and_not_ignored(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        repository.read(Files(**{name: ""}))
    assert caught.value.hint == f"Rename it to {name.replace('_yml', '.yaml')}."


def test_rules_are_checked_where_they_are_known() -> None:
    with pytest.raises(ConfigurationError):
        repository.load("policy: {rules: {no-such-rule: off}}\n", None, ("a-rule",))
