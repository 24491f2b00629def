"""Sets of requests as decision diagrams: a variable for each attribute, an edge for each of its values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

Region = int
"""A set of requests: the number of a node. Equal sets have equal numbers."""
NOTHING, EVERYTHING = 0, 1
Values = int
"""A set of values of one variable: a bit for each."""
Parts = tuple[tuple[Region, Values], ...]
"""Where a node leads, each end once, and with which values: hundreds of values lead to few ends."""


def _together(parts: Iterable[tuple[Region, Values]]) -> dict[Region, Values]:
    """Each end once."""
    together: dict[Region, Values] = {}
    for end, values in parts:
        together[end] = together.get(end, 0) | values
    return together


class Diagrams:
    """Reduced and shared diagrams over variables with so many values each; they only grow, and are dropped together."""

    def __init__(self, sizes: Sequence[int]) -> None:
        """Variables are numbered from 0, tested in this order; `sizes` are the numbers of their values."""
        self.sizes = tuple(sizes)
        self._all = [(1 << size) - 1 for size in self.sizes]
        last = len(self.sizes)
        self._variable = [last, last]
        self._parts: list[Parts] = [(), ()]
        self._nodes: dict[tuple[int, Parts], Region] = {}
        self._met: dict[tuple[Region, Region], Region] = {}
        self._meeting: dict[tuple[Region, Region], bool] = {}
        self._joined: dict[tuple[Region, Region], Region] = {}
        self._turned: dict[Region, Region] = {NOTHING: EVERYTHING, EVERYTHING: NOTHING}
        self._possible: dict[Region, dict[int, frozenset[int]]] = {}

    def _node(self, variable: int, together: Mapping[Region, Values]) -> Region:
        """The node that tests a variable, of whose values some lead to each end."""
        if len(together) == 1:
            return next(iter(together))
        kept = tuple(sorted(together.items()))
        key = (variable, kept)
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = len(self._parts)
            self._variable.append(variable)
            self._parts.append(kept)
        return found

    def where(self, variable: int, values: Collection[int]) -> Region:
        """The requests in which the variable has one of these values."""
        return self._where(variable, sum(1 << value for value in frozenset(values)))

    def _where(self, variable: int, values: Values) -> Region:
        others = self._all[variable] & ~values
        return self._node(variable, {end: some for end, some in ((EVERYTHING, values), (NOTHING, others)) if some})

    def both(self, left: Region, right: Region) -> Region:
        """What lies in both."""
        if right in (left, EVERYTHING):
            return left
        if left == EVERYTHING:
            return right
        if NOTHING in (left, right):
            return NOTHING
        found = self._met.get((left, right) if left < right else (right, left))
        return self._meet(left, right) if found is None else found

    def _meet(self, left: Region, right: Region) -> Region:
        """As `both`, of two that were not met yet; what is known is looked up here, where most of the time goes."""
        known, together = self._met, dict[Region, Values]()
        variable, lefts, rights = self._aligned(left, right)
        for one, some in lefts:
            if one == NOTHING:
                together[NOTHING] = together.get(NOTHING, 0) | some
                continue
            for other, others in rights:
                if values := some & others:
                    if other == NOTHING or one in (EVERYTHING, other):
                        end = other
                    elif other == EVERYTHING:
                        end = one
                    else:
                        found = known.get((one, other) if one < other else (other, one))
                        end = self._meet(one, other) if found is None else found
                    together[end] = together.get(end, 0) | values
        key = (left, right) if left < right else (right, left)
        found = known[key] = self._node(variable, together)
        return found

    def either(self, left: Region, right: Region) -> Region:
        """What lies in at least one."""
        if right in (left, NOTHING):
            return left
        if left == NOTHING:
            return right
        if EVERYTHING in (left, right):
            return EVERYTHING
        key = (left, right) if left < right else (right, left)
        found = self._joined.get(key)
        if found is None:
            variable, lefts, rights = self._aligned(left, right)
            together: dict[Region, Values] = {}
            for one, some in lefts:
                for other, others in rights:
                    if values := some & others:
                        end = self.either(one, other)
                        together[end] = together.get(end, 0) | values
            found = self._joined[key] = self._node(variable, together)
        return found

    def _aligned(self, left: Region, right: Region) -> tuple[int, Parts, Parts]:
        """The first variable that either tests, and where its values lead in both."""
        one, other = self._variable[left], self._variable[right]
        variable = min(one, other)
        lefts = self._parts[left] if one == variable else ((left, self._all[variable]),)
        rights = self._parts[right] if other == variable else ((right, self._all[variable]),)
        return variable, lefts, rights

    def opposite(self, region: Region) -> Region:
        """What does not lie in it."""
        found = self._turned.get(region)
        if found is None:
            parts = {self.opposite(end): values for end, values in self._parts[region]}
            found = self._turned[region] = self._node(self._variable[region], parts)
        return found

    def without(self, region: Region, other: Region) -> Region:
        """What lies in the one and not in the other."""
        return self.both(region, self.opposite(other))

    def meets(self, left: Region, right: Region) -> bool:
        """Whether anything lies in both: found at the first such request, where `both` would look for all."""
        if NOTHING in (left, right):
            return False
        if left == right or EVERYTHING in (left, right):
            return True
        key = (left, right) if left < right else (right, left)
        met = self._met.get(key)
        if met is not None:
            return met != NOTHING
        found = self._meeting.get(key)
        if found is None:
            _, lefts, rights = self._aligned(left, right)
            found = self._meeting[key] = any(
                self.meets(one, other) for one, some in lefts for other, others in rights if some & others
            )
        return found

    def lies_in(self, region: Region, other: Region) -> bool:
        """Whether all that lies in the one lies in the other."""
        return not self.meets(region, self.opposite(other))

    def meets_but_for(self, variable: int, left: Region, right: Region) -> bool:
        """Whether something of the one lies in the other once a variable has another value, or the same."""
        known: dict[tuple[Region, Region], bool] = {}

        def walk(one: Region, other: Region) -> bool:
            if NOTHING in (one, other):
                return False
            if self._variable[one] > variable and self._variable[other] > variable:
                return self.meets(one, other)
            found = known.get((one, other))
            if found is None:
                tested, ones, others = self._aligned(one, other)
                pairs = ((a, b) for a, some in ones for b, more in others if tested == variable or some & more)
                found = known[one, other] = any(walk(*pair) for pair in pairs)
            return found

        return walk(left, right)

    def union(self, regions: Collection[Region]) -> Region:
        """What lies in at least one of them."""
        whole = NOTHING
        for region in regions:
            whole = self.either(whole, region)
        return whole

    def whatever(self, region: Region, variables: Collection[int]) -> Region:
        """The requests that lie in it for some values of these variables."""
        forgotten = frozenset(variables)
        last = max(forgotten, default=-1)
        known: dict[Region, Region] = {}

        def walk(node: Region) -> Region:
            if self._variable[node] > last:
                return node
            found = known.get(node)
            if found is None:
                parts = [(walk(end), values) for end, values in self._parts[node]]
                variable = self._variable[node]
                known[node] = found = (
                    self.union([end for end, _ in parts])
                    if variable in forgotten
                    else self._node(variable, _together(parts))
                )
            return found

        return walk(region)

    def cut(self, region: Region, variable: int) -> list[Region]:
        """The region in parts, by the values of a variable; values that leave the same of the rest stay together."""
        known: dict[Region, Parts] = {}

        def rests(node: Region) -> Parts:
            """What is left of a node when the variable is known, and for which values."""
            if self._variable[node] > variable:
                return ((node, self._all[variable]),)
            if self._variable[node] == variable:
                return self._parts[node]
            found = known.get(node)
            if found is None:
                found = known[node] = self._refined(node, [(rests(end), some) for end, some in self._parts[node]])
            return found

        chosen = sorted(values for rest, values in _together(rests(region)).items() if rest != NOTHING)
        return [self.both(region, self._where(variable, values)) for values in chosen]

    def _refined(self, node: Region, ends: list[tuple[Parts, Values]]) -> Parts:
        """The rests of a node from those of its ends, each with the values that lead there."""
        groups: list[tuple[Values, list[tuple[Region, Values]]]] = [(-1, [])]
        for parts, here in ends:
            groups = [
                (both, [*chosen, (rest, here)])
                for some, chosen in groups
                for rest, values in parts
                if (both := some & values)
            ]
        variable = self._variable[node]
        found = _together((self._node(variable, _together(chosen)), values) for values, chosen in groups)
        return tuple(found.items())

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
            free.update(range(above + 1, self._variable[node]))
            if node in done or node == EVERYTHING:
                continue
            done.add(node)
            variable = self._variable[node]
            for end, values in self._parts[node]:
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
        variable = self._variable[node]
        ends = {value: end for end, values in self._parts[node] for value in self._listed(variable, values)}
        return variable, tuple(ends[value] for value in range(self.sizes[variable]))

    def tested(self, region: Region) -> list[int]:
        """The variables on which it depends whether a request lies in the region."""
        return sorted({self._variable[node] for node in self.below(region)})

    def below(self, region: Region) -> list[Region]:
        """The nodes of a region, each after those that it leads to; the two ends are left out."""
        found: set[Region] = set()
        waiting = [region]
        while waiting:
            node = waiting.pop()
            if node > EVERYTHING and node not in found:
                found.add(node)
                waiting += [end for end, _ in self._parts[node]]
        return sorted(found)  # a node is made after its edges
