"""What is being played at one moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from ..declared import Value
from ..dream.values import Dream
from ..gradient.objective import Objective, parse_objective
from .recipes import RECIPES

Group = TypeVar("Group")

Values = Mapping[str, Value]


class State(Mapping[str, Value]):
    """All values at one moment, by name."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._groups: dict[type[Any], Any] = {}

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def of(self, group: type[Group]) -> Group:
        """The values of one group of parameters, such as `Dream` or `Show`."""
        found = self._groups.get(group)
        if found is None:
            values = {each.name: self[each.name] for each in fields(group)}  # pyright: ignore[reportArgumentType]
            found = self._groups[group] = group(**values)
        return found

    @property
    def dream(self) -> Dream:
        return self.of(Dream)

    @property
    def objective(self) -> Objective:
        return parse_objective(str(self["layers"]))

    @property
    def live(self) -> bool:
        """Whether the dream of one frame is carried into the next."""
        return RECIPES[str(self["recipe"])].live
