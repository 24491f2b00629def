"""Sets of requests as decision diagrams: a variable for each attribute, an edge for each of its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from oxidd.bcdd import BCDDFunction
from oxidd.util import BooleanOperator

from policy.difference.region import EVERYTHING, NOTHING, Region, Regions, Values

__all__ = ["EVERYTHING", "NOTHING", "Diagrams", "Region"]

Parts = tuple[tuple[Region, Values], ...]
"""Where a node leads, each end once, and with which values: hundreds of values lead to few ends."""


class Diagrams(Regions):
    """Regions that are read variable by variable: the bits of one are unfolded into its values."""

    def __init__(self, sizes: Sequence[int]) -> None:
        """Variables are numbered from 0, tested in this order; `sizes` are the numbers of their values."""
        super().__init__(sizes)
        self._all = [(1 << size) - 1 for size in self.sizes]
        self._nodes: dict[Region, tuple[int, Parts]] = {end: (len(self.sizes), ()) for end in (NOTHING, EVERYTHING)}
        self._possible: dict[Region, dict[int, frozenset[int]]] = {}

    def _node(self, region: Region) -> tuple[int, Parts]:
        """The first variable that the region tests, and where its values lead."""
        found = self._nodes.get(region)
        if found is None:
            function = self._sets[region]
            variable = self._variable_of[function.node_level() or 0]
            parts = [(self._number(end), values) for end, values in self._ends(function, variable).items()]
            found = self._nodes[region] = variable, tuple(parts)
        return found

    def _ends(self, function: BCDDFunction, variable: int) -> dict[BCDDFunction, Values]:
        """Where the variable that is tested first leads, and with which values."""
        size, beyond = self.sizes[variable], self._bits[variable].stop
        if len(self._bits[variable]) == 1:  # as of nearly all variables
            yes, no = function.cofactors() or (function, function)
            return {no: 0b01, yes: 0b10}
        ends: dict[BCDDFunction, Values] = {}
        waiting = [(function, 0, size, beyond - (size - 1).bit_length())]
        while waiting:
            node, first, count, bit = waiting.pop()
            level = node.node_level()
            if level is None or level >= beyond:
                ends[node] = ends.get(node, 0) | (((1 << count) - 1) << first)
                continue
            high, low = node, node
            if level == bit:
                high, low = node.cofactors() or (node, node)
            half = count // 2
            waiting += [(high, first + half, count - half, bit + 1), (low, first, half, bit + 1)]
        return ends

    def cut(self, region: Region, variable: int, most: int) -> list[Region]:
        """The region in parts, by the values of a variable; values that leave the same of the rest stay together.

        Nothing where there would be more parts than `most`.
        """
        whole, cube = self._sets[region], self._cube((variable,))
        if whole.exists(cube) == whole:
            return [region] if region != NOTHING else []
        rests: dict[BCDDFunction, Values] = {}
        for value in self.possible(region).get(variable, range(self.sizes[variable])):
            rest = whole.apply_exists(BooleanOperator.AND, self._sets[self._where(variable, 1 << value)], cube)
            rests[rest] = rests.get(rest, 0) | 1 << value
            if len(rests) > most:
                return []
        return [self.both(region, self._where(variable, values)) for values in sorted(rests.values())]

    def possible(self, region: Region) -> Mapping[int, frozenset[int]]:
        """By variable, the values that it has somewhere in the region; variables that are free are left out."""
        found = self._possible.get(region)
        if found is None:
            found = self._possible[region] = self._values_of(region)
        return found

    def _values_of(self, region: Region) -> dict[int, frozenset[int]]:
        seen: dict[int, Values] = {}
        free: set[int] = set()
        done: set[Region] = set()
        waiting = [(-1, region)] if region != NOTHING else []
        while waiting:
            above, node = waiting.pop()
            variable, parts = self._node(node)
            if variable > above + 1:
                free.update(range(above + 1, variable))
            if node in done:
                continue
            done.add(node)
            for end, values in parts:
                if end != NOTHING:
                    seen[variable] = seen.get(variable, 0) | values
                    waiting.append((variable, end))
        return {
            variable: frozenset(self._listed(variable, values))
            for variable, values in seen.items()
            if variable not in free and values != self._all[variable]
        }

    def _listed(self, variable: int, values: Values) -> Iterator[int]:
        return (value for value in range(self.sizes[variable]) if values >> value & 1)

    def one(self, region: Region, liking: Mapping[int, Sequence[int]]) -> dict[int, int]:
        """One request of the region, by variable, each with the first value of its liking that is possible.

        Variables that may have any value are left out. Raises ValueError where the region is empty.
        """
        if region == NOTHING:
            raise ValueError("an empty region has no request")
        chosen = {}
        while region != EVERYTHING:
            variable, edges = self.edges(region)
            chosen[variable] = next(value for value in liking[variable] if edges[value] != NOTHING)
            region = edges[chosen[variable]]
        return chosen

    def edges(self, node: Region) -> tuple[int, tuple[Region, ...]]:
        """The variable that a node tests, and where each of its values leads."""
        variable, parts = self._node(node)
        ends = {value: end for end, values in parts for value in self._listed(variable, values)}
        return variable, tuple(ends[value] for value in range(self.sizes[variable]))

    def tested(self, region: Region) -> list[int]:
        """The variables on which it depends whether a request lies in the region."""
        return sorted({self._node(node)[0] for node in self.below(region)})

    def below(self, region: Region) -> list[Region]:
        """The nodes of a region, each after those that it leads to; the two ends are left out."""
        found: set[Region] = set()
        waiting = [region]
        while waiting:
            node = waiting.pop()
            if node > EVERYTHING and node not in found:
                found.add(node)
                waiting += [end for end, _ in self._node(node)[1]]
        # What a node leads to tests later variables.
        return sorted(found, key=lambda node: (-self._node(node)[0], node))
