"""Sets of requests by number, with what a library of decision diagrams makes of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache, reduce
from itertools import accumulate, pairwise
from operator import and_

from oxidd.bcdd import BCDDFunction, BCDDManager

Region = int
"""A set of requests. Equal sets of the same variables have equal numbers."""
NOTHING, EVERYTHING = 0, 1
Values = int
"""A set of values of one variable: a bit for each."""

MOST_NODES = 1 << 26
"""How many nodes there may be at once, or a MemoryError; memory is taken as they come: an edit makes five million."""
_REMEMBERED = 1 << 20
"""How many results the library keeps; with fewer, it computes the same again."""


@cache
def _manager() -> BCDDManager:
    # One for all: a manager takes 30 ms to make, and nodes go with the last region that needs them.
    return BCDDManager(MOST_NODES, _REMEMBERED, threads=1)


class Regions:
    """Sets over variables with so many values each; they only grow, and are dropped together.

    The values of a variable are the leaves of a binary tree, halved bit by bit: so every set is a function of bits, and
    no function is of none.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        """Variables are numbered from 0, tested in this order; `sizes` are the numbers of their values."""
        self.sizes = tuple(sizes)
        widths = [(size - 1).bit_length() for size in self.sizes]
        self._bits = [range(*ends) for ends in pairwise(accumulate(widths, initial=0))]
        self._variable_of = [variable for variable, bits in enumerate(self._bits) for _ in bits]
        manager = _manager()
        manager.add_vars(max(0, sum(widths) - manager.num_vars()))
        self._bit = [manager.var(number) for number in range(sum(widths))]
        self._sets: list[BCDDFunction] = [manager.false(), manager.true()]
        self._chosen: dict[tuple[int, Values], Region] = {}
        self._cubes: dict[tuple[int, ...], BCDDFunction] = {}
        self._numbers: dict[BCDDFunction, Region] = {manager.false(): NOTHING, manager.true(): EVERYTHING}

    def _number(self, function: BCDDFunction) -> Region:
        found = self._numbers.setdefault(function, len(self._sets))
        if found == len(self._sets):
            self._sets.append(function)
        return found

    def where(self, variable: int, values: Collection[int]) -> Region:
        """The requests in which the variable has one of these values."""
        return self._where(variable, sum(1 << value for value in frozenset(values)))

    def _where(self, variable: int, values: Values) -> Region:
        found = self._chosen.get((variable, values))
        if found is None:
            found = self._chosen[variable, values] = self._number(self._leading(variable, values))
        return found

    def _leading(self, variable: int, values: Values) -> BCDDFunction:
        """The bits that lead to these values."""
        bits = self._bits[variable]

        def walk(values: Values, size: int, depth: int) -> BCDDFunction:
            """Of the values of one half, shifted to the first of them."""
            if values == 0 or values == (1 << size) - 1:
                return self._sets[EVERYTHING if values else NOTHING]
            half = size // 2
            low = walk(values & ((1 << half) - 1), half, depth + 1)
            return self._bit[bits[depth]].ite(walk(values >> half, size - half, depth + 1), low)

        return walk(values, self.sizes[variable], 0)

    def both(self, left: Region, right: Region) -> Region:
        """What lies in both."""
        if right in (left, EVERYTHING):
            return left
        if left == EVERYTHING:
            return right
        return self._number(self._sets[left] & self._sets[right])

    def either(self, left: Region, right: Region) -> Region:
        """What lies in at least one."""
        return self._number(self._sets[left] | self._sets[right])

    def opposite(self, region: Region) -> Region:
        """What does not lie in it."""
        return self._number(~self._sets[region])

    def without(self, region: Region, other: Region) -> Region:
        """What lies in the one and not in the other."""
        return self._number(self._sets[other].imp_strict(self._sets[region]))

    def meets(self, left: Region, right: Region) -> bool:
        """Whether anything lies in both."""
        return (self._sets[left] & self._sets[right]).satisfiable()

    def lies_in(self, region: Region, other: Region) -> bool:
        """Whether all that lies in the one lies in the other."""
        return not self._sets[other].imp_strict(self._sets[region]).satisfiable()

    def meets_but_for(self, variable: int, left: Region, right: Region) -> bool:
        """Whether something of the one lies in the other once a variable has another value, or the same."""
        return (self._sets[left].exists(self._cube((variable,))) & self._sets[right]).satisfiable()

    def part(self, region: Region) -> Region:
        """A small part of the region; nothing of nothing."""
        return self._number(self._sets[region].pick_cube_dd())

    def union(self, regions: Collection[Region]) -> Region:
        """What lies in at least one of them."""
        whole = NOTHING
        for region in regions:
            whole = self.either(whole, region)
        return whole

    def whatever(self, region: Region, variables: Collection[int]) -> Region:
        """The requests that lie in it for some values of these variables."""
        return self._number(self._sets[region].exists(self._cube(tuple(variables))))

    def _cube(self, variables: tuple[int, ...]) -> BCDDFunction:
        """All bits of some variables at once, as the library wants them told."""
        found = self._cubes.get(variables)
        if found is None:
            bits = [self._bit[bit] for variable in variables for bit in self._bits[variable]]
            found = self._cubes[variables] = reduce(and_, bits, self._sets[EVERYTHING])
        return found
