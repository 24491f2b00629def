"""Sets of requests as decision diagrams: a variable for each attribute, an edge for each of its values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

Region = int
"""A set of requests: the number of a node. Equal sets have equal numbers."""
NOTHING, EVERYTHING = 0, 1


class Diagrams:
    """Reduced and shared diagrams over variables with so many values each; they only grow, and are dropped together."""

    def __init__(self, sizes: Sequence[int]) -> None:
        """Variables are numbered from 0, tested in this order; `sizes` are the numbers of their values."""
        self.sizes = tuple(sizes)
        last = len(self.sizes)
        self._variable = [last, last]
        self._edges: list[tuple[Region, ...]] = [(), ()]
        self._nodes: dict[tuple[int, tuple[Region, ...]], Region] = {}
        self._met: dict[tuple[Region, Region], Region] = {}
        self._joined: dict[tuple[Region, Region], Region] = {}
        self._turned: dict[Region, Region] = {NOTHING: EVERYTHING, EVERYTHING: NOTHING}

    def _node(self, variable: int, edges: tuple[Region, ...]) -> Region:
        first = edges[0]
        if edges.count(first) == len(edges):
            return first
        key = (variable, edges)
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = len(self._edges)
            self._variable.append(variable)
            self._edges.append(edges)
        return found

    def where(self, variable: int, values: Collection[int]) -> Region:
        """The requests in which the variable has one of these values."""
        chosen = frozenset(values)
        edges = tuple(EVERYTHING if value in chosen else NOTHING for value in range(self.sizes[variable]))
        return self._node(variable, edges)

    def both(self, left: Region, right: Region) -> Region:
        """What lies in both."""
        if right in (left, EVERYTHING):
            return left
        if left == EVERYTHING:
            return right
        if NOTHING in (left, right):
            return NOTHING
        key = (left, right) if left < right else (right, left)
        found = self._met.get(key)
        if found is None:
            variable, pairs = self._aligned(left, right)
            found = self._met[key] = self._node(variable, tuple([self.both(a, b) for a, b in pairs]))
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
            variable, pairs = self._aligned(left, right)
            found = self._joined[key] = self._node(variable, tuple([self.either(a, b) for a, b in pairs]))
        return found

    def _aligned(self, left: Region, right: Region) -> tuple[int, Iterator[tuple[Region, Region]]]:
        """The first variable that either tests, and the pairs that each of its values leads to."""
        one, other = self._variable[left], self._variable[right]
        variable = min(one, other)
        size = self.sizes[variable]
        lefts = self._edges[left] if one == variable else (left,) * size
        rights = self._edges[right] if other == variable else (right,) * size
        return variable, zip(lefts, rights, strict=True)

    def opposite(self, region: Region) -> Region:
        """What does not lie in it."""
        found = self._turned.get(region)
        if found is None:
            edges = tuple([self.opposite(edge) for edge in self._edges[region]])
            found = self._turned[region] = self._node(self._variable[region], edges)
        return found

    def without(self, region: Region, other: Region) -> Region:
        """What lies in the one and not in the other."""
        return self.both(region, self.opposite(other))

    def union(self, regions: Collection[Region]) -> Region:
        """What lies in at least one of them."""
        whole = NOTHING
        for region in regions:
            whole = self.either(whole, region)
        return whole

    def whatever(self, region: Region, variables: Collection[int]) -> Region:
        """The requests that lie in it for some values of these variables."""
        forgotten = frozenset(variables)
        known: dict[Region, Region] = {NOTHING: NOTHING, EVERYTHING: EVERYTHING}

        def walk(node: Region) -> Region:
            found = known.get(node)
            if found is None:
                edges = tuple([walk(edge) for edge in self._edges[node]])
                variable = self._variable[node]
                found = self.union(set(edges)) if variable in forgotten else self._node(variable, edges)
                known[node] = found
            return found

        return walk(region)

    def possible(self, region: Region) -> dict[int, frozenset[int]]:
        """By variable, the values that it has somewhere in the region; variables that are free are left out."""
        seen: dict[int, set[int]] = {}
        free: set[int] = set()
        done: set[Region] = set()
        waiting = [(-1, region)] if region != NOTHING else []
        while waiting:
            above, node = waiting.pop()
            free.update(range(above + 1, self._variable[node]))
            if node in done or node == EVERYTHING:
                continue
            done.add(node)
            values = seen.setdefault(self._variable[node], set())
            for value, edge in enumerate(self._edges[node]):
                if edge != NOTHING:
                    values.add(value)
                    waiting.append((self._variable[node], edge))
        return {
            variable: frozenset(values)
            for variable, values in seen.items()
            if variable not in free and len(values) < self.sizes[variable]
        }

    def one(self, region: Region, liking: Mapping[int, Sequence[int]]) -> dict[int, int]:
        """One request of the region, by variable, each with the first value of its liking that is possible.

        Variables that may have any value are left out. Raises ValueError where the region is empty.
        """
        if region == NOTHING:
            raise ValueError("an empty region has no request")
        chosen = {}
        while region != EVERYTHING:
            variable = self._variable[region]
            edges = self._edges[region]
            chosen[variable] = next(value for value in liking[variable] if edges[value] != NOTHING)
            region = edges[chosen[variable]]
        return chosen

    def given(self, region: Region, variable: int) -> list[tuple[Region, frozenset[int]]]:
        """What is left of the region for each value of the variable that it starts with; equal ones together."""
        if self._variable[region] != variable:
            return [(region, frozenset(range(self.sizes[variable])))]
        parts: dict[Region, set[int]] = {}
        for value, edge in enumerate(self._edges[region]):
            parts.setdefault(edge, set()).add(value)
        return [(part, frozenset(values)) for part, values in parts.items() if part != NOTHING]

    def edges(self, node: Region) -> tuple[int, tuple[Region, ...]]:
        """The variable that a node tests, and where each of its values leads."""
        return self._variable[node], self._edges[node]

    def below(self, region: Region) -> list[Region]:
        """The nodes of a region, each after those that it leads to; the two ends are left out."""
        found: set[Region] = set()
        waiting = [region]
        while waiting:
            node = waiting.pop()
            if node > EVERYTHING and node not in found:
                found.add(node)
                waiting += self._edges[node]
        return sorted(found)  # a node is made after its edges

    def size(self) -> int:
        """How many nodes there are."""
        return len(self._edges)
