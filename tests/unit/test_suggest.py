from sealock.domain.suggest import closest, did_you_mean


def test_the_closest_known_word_is_suggested_whatever_its_case() -> None:
    assert closest("NAMSPACE", ["path", "namespace"]) == "namespace"


def test_a_word_that_is_like_none_has_no_closest() -> None:
    assert closest("zebra", ["path", "namespace"]) is None


def test_without_a_near_word_the_known_ones_are_listed() -> None:
    assert did_you_mean("zebra", ["path", "name"]) == "Known: path, name."


def test_a_long_list_is_cut() -> None:
    assert did_you_mean("zebra", [f"key-{n}" for n in range(20)]).endswith("key-11, ….")


def test_without_known_words_there_is_no_hint() -> None:
    assert did_you_mean("zebra", []) == ""
