"""``make prove``: explores the model, removes its guards, and drives production code through it."""

import argparse
import sys
from time import perf_counter

from reading_club_functional.proof.conformance import Conformance, Different
from reading_club_functional.proof.counterexamples import story_of
from reading_club_functional.proof.exploration import Graph, explore
from reading_club_functional.proof.guards import REMOVALS, Removal, Size
from reading_club_functional.proof.model import LARGE, SMALL, Model


def main(arguments: list[str] | None = None) -> int:
    """Print the numbers; return 1 if an invariant or a comparison does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guard", choices=[each.guard for each in REMOVALS], help="this one alone")
    parser.add_argument("--large", action="store_true", help="the large model as well: minutes")
    chosen = parser.parse_args(arguments)
    if chosen.guard:
        return sum(not removed(each) for each in REMOVALS if each.guard == chosen.guard)
    sizes = [SMALL, *([LARGE] if chosen.large else [])]
    graphs = [explored(size) for size in sizes]
    sound = all(graph.violation is None for graph in graphs)
    missed = all([removed(removal) for removal in REMOVALS])  # noqa: C419  # each one is told
    return 0 if sound and missed and conforms(graphs[0]) else 1


def explored(size: Size) -> Graph:
    """Explore a model to its end, and print how large it is."""
    begun = perf_counter()
    graph = explore(Model(size))
    seconds = perf_counter() - begun
    named = ", ".join(f"{name} {number}" for name, number in size._asdict().items())
    print(
        f"{named}: {len(graph.states):,} states, {len(graph.edges):,} transitions,"
        f" {graph.depth()} steps deep, in {seconds:.1f} s"
    )
    if graph.violation:
        print(story_of(graph.violation, graph.model))
    else:
        print("every invariant holds in each state, and from each a path leads to all delivered")
    return graph


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
