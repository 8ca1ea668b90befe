"""What an agent may change, and names that are tricks."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.domain.agent_run import ChangedPath
from sealock.domain.path_policy import PROTECTED, PathPolicy, folded, judge, matches

FILE, PROGRAM, LINK, SUBMODULE = "100644", "100755", "120000", "160000"
OPEN = PathPolicy()
STREAM = "its name has a character that separates folders or streams elsewhere"


def refusal(path: str, policy: PathPolicy = OPEN, mode: str = FILE) -> str:
    found = judge([ChangedPath(path, mode, "b" * 40 if mode else "")], policy)
    return found.refused[0].reason if found.refused else ""


@pytest.mark.parametrize("mode", [FILE, PROGRAM, ""])
def test_a_plain_file_a_program_and_a_removal_are_accepted(mode: str) -> None:
    assert refusal("services/api/base/deployment.yaml", mode=mode) == ""


@pytest.mark.parametrize(
    ("mode", "word"), [(LINK, "a symbolic link"), (SUBMODULE, "a submodule"), ("100664", "of mode 100664")]
)
def test_only_two_modes_are_accepted(mode: str, word: str) -> None:
    assert refusal("a", mode=mode) == f"it is {word}, and no plain file"


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml",
        ".gitlab-ci.yml",
        "CODEOWNERS",
        "docs/CODEOWNERS",
        ".github/CODEOWNERS",
        "AGENTS.md",
        "services/api/AGENTS.md",
        "services/api/AGENTS.override.md",
        ".codex/config.toml",
        "services/.codex/hooks.json",
        ".agents/skills/x/SKILL.md",
        ".gitattributes",
        ".gitmodules",
        "services/.gitignore",
        ".githooks/pre-commit",
        ".husky/pre-push",
        "sealock.yaml",
        "agent.lock",
        ".sealock/allowed_signers",
    ],
)
@pytest.mark.parametrize("mode", [FILE, ""])
def test_what_decides_about_others_is_protected_from_edits_and_removal(path: str, mode: str) -> None:
    assert refusal(path, mode=mode) == "it is protected"


@pytest.mark.parametrize(
    "path",
    [
        ".GitHub/workflows/ci.yml",
        "codeowners",
        "services/agents.MD",
        ".CODEX/config.toml",
        "\uff0egithub/workflows/ci.yml",
        "SEALOCK.yaml",
    ],
)
def test_protection_does_not_depend_on_spelling(path: str) -> None:
    assert refusal(path) == "it is protected"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (".github./workflows/ci.yml", "a name in it ends in a dot or a space"),
        ("CODEOWNERS ", "a name in it ends in a dot or a space"),
        ("AGENTS\u200b.md", "its name has characters that cannot be seen"),
        ("a\nb", "its name has characters that cannot be seen"),
        ("re\u0301sume\u0301.md", "its name is not in Unicode's form NFC"),
        (".git/hooks/pre-commit", "it is inside Git's own folder"),
        ("sub/.GIT/config", "it is inside Git's own folder"),
        ("GIT~1/config", "it is inside Git's own folder"),
        (".git::$INDEX_ALLOCATION/config", STREAM),
        ("a\\b", STREAM),
        ("../x", "it is no path below the root"),
        ("/etc/passwd", "it is no path below the root"),
        ("a//b", "it is no path below the root"),
        ("nul.txt", "a name in it is a device on Windows"),
        ("x" * 256, "a name in it is too long"),
    ],
)  # fmt: skip
def test_a_name_that_is_a_trick_is_refused(path: str, why: str) -> None:
    assert why == refusal(path)


def test_what_the_task_does_not_allow_is_refused() -> None:
    policy = PathPolicy(allowed=("services/api/**",))
    assert refusal("services/api/base/x.yaml", policy) == ""
    assert refusal("services/apis/base/x.yaml", policy) == "the task does not allow it"
    assert refusal("SERVICES/api/base/x.yaml", policy) == "the task does not allow it"


def test_allowing_everything_opens_nothing_that_is_protected() -> None:
    assert refusal(".github/workflows/ci.yml", PathPolicy(allowed=("**", ".github/**"))) == "it is protected"


def test_a_task_opens_a_protected_path_by_its_name_alone() -> None:
    policy = PathPolicy(opened=(".github/workflows/ci.yml", "**/.gitignore"))
    assert refusal(".github/workflows/ci.yml", policy) == ""
    assert refusal("services/.gitignore", policy) == ""
    assert refusal(".github/workflows/CI.yml", policy) == "it is protected"


@pytest.mark.parametrize("path", [".git/config", "a/../b"])
def test_what_is_opened_is_never_a_trick(path: str) -> None:
    assert refusal(path, PathPolicy(opened=("**",))) != ""


def test_a_change_of_a_test_is_undone() -> None:
    policy = PathPolicy(tests=("tests/**",))
    changes = [ChangedPath("Tests/x.py", FILE, "b"), ChangedPath("src/x.py", FILE, "c")]
    found = judge(changes, policy)
    assert (found.accepted, found.restored, found.refused) == ((changes[1],), (changes[0],), ())


def test_a_test_that_is_a_link_is_refused() -> None:
    assert refusal("tests/x.py", PathPolicy(tests=("tests/**",)), LINK).startswith("it is a symbolic link")


def test_two_names_of_one_file_elsewhere_are_refused() -> None:
    found = judge([ChangedPath("README.MD", FILE, "b")], OPEN, others=["README.md"])
    assert [each.reason for each in found.refused] == ["some systems take it for 'README.md'"]


def test_a_file_may_be_renamed_in_case() -> None:
    changes = [ChangedPath("README.MD", FILE, "b"), ChangedPath("README.md")]
    assert judge(changes, OPEN, others=["LICENSE"]).refused == ()


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.yaml", "a.yaml", True),
        ("*.yaml", "a/b.yaml", False),
        ("**/x", "x", True),
        ("**/x", "a/b/x", True),
        ("a/**", "a", False),
        ("a/", "a/b/c", True),
        ("a/**/z", "a/z", True),
        ("a?c", "a/c", False),
        ("[ab]x", "bx", True),
        ("[!ab]x", "bx", False),
        ("a.b", "axb", False),
        ("test_[0-9].py", "test_7.py", True),
    ],
)
def test_patterns_keep_to_folders(pattern: str, path: str, *, expected: bool) -> None:
    assert expected == matches(path, (pattern,))


NAMES = st.sampled_from(
    [".github", "AGENTS.md", "CODEOWNERS", ".codex", "sealock.yaml", ".gitmodules", ".agents", "agent.lock"]
)


def spelt(name: str, how: list[int]) -> str:
    """Spell a name differently: capitals, full-width letters, invisible characters, endings."""
    letters = []
    for letter, choice in zip(name, how, strict=False):
        full = chr(ord(letter) + 0xFEE0)
        letters.append([letter, letter.swapcase(), full, letter + "\u200d"][choice])
    return "".join(letters) + name[len(how) :] + ["", ".", " "][sum(how) % 3]


@given(name=NAMES, how=st.lists(st.integers(0, 3), max_size=12))
def test_no_spelling_of_a_protected_name_is_accepted(name: str, how: list[int]) -> None:
    path = spelt(name, how) + ("/x" if name in {".github", ".codex", ".agents"} else "")
    assert folded(name) == folded(spelt(name, how))
    assert refusal(path) != ""


@given(st.text(min_size=1, max_size=12))
def test_folding_twice_is_folding_once_and_ignores_the_form(text: str) -> None:
    assert folded(text) == folded(folded(text))
    assert folded(text) == folded(unicodedata.normalize("NFD", text))


def test_the_protected_patterns_are_folded_themselves() -> None:
    assert all(matches(each.replace("**", "x"), PROTECTED) for each in PROTECTED)
