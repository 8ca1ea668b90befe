"""Objects of a render that nobody has looked at yet.

In a repository of thousands of overlays most renders are only asked what they hold, not what it looks like.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealock.domain.rendered import ObjectKey

T = TypeVar("T")


class Late(Sequence[T]):
    """A sequence that is made when somebody looks into it; `kinds` and `keys` are known before.

    A key and a place for each item, in order. The kinds are those of the keys.
    """

    def __init__(
        self,
        kinds: frozenset[str],
        keys: Callable[[], tuple[ObjectKey, ...]],
        make: Callable[[], Sequence[T]],
    ) -> None:
        """Take what is known, and how to `make` the rest; both are called at most once."""
        self.kinds = kinds
        self._keys = keys
        self._make = make

    @cached_property
    def keys(self) -> tuple[ObjectKey, ...]:
        """The key of each item."""
        return self._keys()

    @cached_property
    def _items(self) -> Sequence[T]:
        return self._make()

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        """Return an item, or some."""
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def __eq__(self, other: object) -> bool:
        """Say whether the other is a sequence of the same items."""
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]
