"""Paths through a graph that take every wanted transition at least once."""

from collections import defaultdict, deque
from collections.abc import Collection, Iterator

from reading_club_functional.proof.exploration import Graph

LOOK_AHEAD = 4
"""How many taken transitions a path goes at most to reach one that is still wanted."""


class Paths:
    """Iterates over paths from the first state, as positions in the graph's ``edges``."""

    def __init__(self, graph: Graph, wanted: Collection[int]) -> None:
        self._graph = graph
        self._out: dict[int, list[int]] = defaultdict(list)
        self._to: dict[int, int] = {}
        for number, (source, _, target) in enumerate(graph.edges):
            self._out[source].append(number)
            if graph.parents[target] == source:
                self._to.setdefault(target, number)
        self._left: dict[int, list[int]] = defaultdict(list)
        for number in wanted:
            self._left[graph.edges[number][0]].append(number)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield paths until each wanted transition was on one."""
        for position in sorted(self._left):
            while self._left[position]:
                yield self._onwards(self._shortest_to(position), position)

    def _shortest_to(self, position: int) -> list[int]:
        path = []
        while position:
            path.append(self._to[position])
            position = self._graph.parents[position]
        return path[::-1]

    def _onwards(self, path: list[int], position: int) -> list[int]:
        """Continue the path over wanted transitions, as long as one is near."""
        while way := self._nearest(position):
            path += way
            position = self._graph.edges[way[-1]][2]
            self._left[self._graph.edges[way[-1]][0]].remove(way[-1])
        return path

    def _nearest(self, position: int) -> list[int]:
        """Return the shortest way that ends with a wanted transition; empty if it is far."""
        ways = deque[tuple[int, list[int]]]([(position, [])])
        seen = {position}
        while ways:
            position, way = ways.popleft()
            if self._left.get(position):
                return [*way, self._left[position][-1]]
            for number in self._out[position] if len(way) < LOOK_AHEAD else ():
                if (target := self._graph.edges[number][2]) not in seen:
                    seen.add(target)
                    ways.append((target, [*way, number]))
        return []
