"""``make prove``: explores the model, removes its guards, and drives production code through it."""

import argparse
import sys
from time import perf_counter

from reading_club_functional.proof.compact import CompactGraph, explore_compactly
from reading_club_functional.proof.conformance import Conformance, Different
from reading_club_functional.proof.counterexamples import story_of
from reading_club_functional.proof.exploration import Graph, Violation, explore
from reading_club_functional.proof.guards import REMOVALS, Removal, Size
from reading_club_functional.proof.model import LARGE, PAIR, SMALL, SMALL_PAIR, Model


def main(arguments: list[str] | None = None) -> int:
    """Print the numbers; return 1 if an invariant or a comparison does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guard", choices=[each.guard for each in REMOVALS], help="this one alone")
    parser.add_argument("--large", action="store_true", help="large models as well: 10 minutes")
    chosen = parser.parse_args(arguments)
    if chosen.guard:
        return sum(not removed(each) for each in REMOVALS if each.guard == chosen.guard)
    sizes = [SMALL, *([LARGE] if chosen.large else [])]
    graphs = [explored(size) for size in sizes]
    pair = explored_compactly(PAIR if chosen.large else SMALL_PAIR)
    sound = pair.violation is None and all(graph.violation is None for graph in graphs)
    missed = all([removed(removal) for removal in REMOVALS])  # noqa: C419  # each one is told
    return 0 if sound and missed and conforms(graphs[0]) else 1


def explored(size: Size) -> Graph:
    """Explore a model to its end, and print how large it is."""
    begun = perf_counter()
    graph = explore(Model(size))
    numbers = (len(graph.states), len(graph.edges), graph.depth())
    tell(size, numbers, perf_counter() - begun, graph.violation)
    return graph


def explored_compactly(size: Size) -> CompactGraph:
    """Explore a model of two events to its end, and print how large it is."""
    begun = perf_counter()
    graph = explore_compactly(Model(size))
    numbers = (len(graph.numbers), len(graph.sources), graph.depth)
    tell(size, numbers, perf_counter() - begun, graph.violation)
    return graph


def tell(
    size: Size, numbers: tuple[int, int, int], seconds: float, violation: Violation | None
) -> None:
    """Print how many states and transitions a model has, how deep it is, and what is violated."""
    states, transitions, depth = numbers
    named = ", ".join(f"{name} {number}" for name, number in size._asdict().items() if number)
    print(
        f"{named}: {states:,} states, {transitions:,} transitions,"
        f" {depth} steps deep, in {seconds:.1f} s"
    )
    if violation:
        print(story_of(violation, Model(size)))
    else:
        print("every invariant holds in each state, and from each a path leads to all delivered")


def removed(removal: Removal) -> bool:
    """Explore the model without a guard, and print the story; return whether it is as expected."""
    model = Model(removal.size_of(SMALL), removal.guards)
    violation = explore(model).violation
    print(f"\nwithout {removal.guard} ({removal.words}):")
    print(story_of(violation, model) if violation else "  no violation")
    return violation is not None and violation.invariant == removal.invariant


def conforms(graph: Graph) -> bool:
    """Execute each transition on production code, and print how many there were."""
    begun, conformance = perf_counter(), Conformance(graph)
    try:
        conformance.run(range(len(graph.edges)))
    except Different as exc:
        print(f"\nthe code does not do what the model does: {exc}")
        return False
    finally:
        print(
            f"\n{len(conformance.executed):,} of {len(graph.edges):,} transitions executed on"
            f" production code, in {perf_counter() - begun:.1f} s"
        )
    return True


if __name__ == "__main__":
    sys.exit(main())
