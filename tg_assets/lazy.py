"""A value made on first use, once per process, also when several threads ask at the same time.

``functools.cache`` lets two threads build the value twice; a model of 100 MB should be built once.
What does not belong here: knowledge of any particular model.
"""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Lazy(Generic[T]):
    """Callable returning the factory's value; a factory that raised is tried again by the next call."""

    def __init__(self, factory: Callable[[], T]) -> None:
        self._factory = factory
        self._lock = Lock()
        self._made: tuple[T] | None = None

    def __call__(self) -> T:
        if self._made is None:
            with self._lock:
                if self._made is None:
                    self._made = (self._factory(),)
        return self._made[0]
