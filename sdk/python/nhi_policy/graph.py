"""Who can become whom: the identity graph that the host hands to a rule that needs `graph`."""

import json
from dataclasses import dataclass

from .model import Context


@dataclass(frozen=True)
class Edge:
    """One way from an identity to another."""

    origin: str
    to: str
    how: str
    via: str
    is_certain: bool
    address: str
    message: str


@dataclass(frozen=True)
class Reach:
    """Somebody whom an identity can become: over how many edges at least, and whether all of them are certain."""

    to: str
    steps: int
    is_certain: bool
    last: Edge


class Graph:
    """The identities of a plan and the ways between them."""

    def __init__(self, context: Context):
        if context.graph is None:
            raise ValueError('there is no graph: let a rule have needs=["graph"]')
        document = json.loads(context.graph)
        self.administrators = {node["name"] for node in document["nodes"] if node["admin"]}
        self.kinds = {node["name"]: node["kind"] for node in document["nodes"]}
        self.omitted: int = document["omitted"]
        self.edges = [
            Edge(edge["from"], edge["to"], edge["how"], edge["via"], edge["certain"], edge["address"], edge["message"])
            for edge in document["edges"]
        ]

    def becomes(self, name: str) -> list[Reach]:
        """Everybody whom `name` can become, nearest first; itself not among them."""
        return self._walk(name, lambda edge: (edge.origin, edge.to))

    def become_by(self, name: str) -> list[Reach]:
        """Everybody who can become `name`, nearest first; `to` of each is then who it is."""
        return self._walk(name, lambda edge: (edge.to, edge.origin))

    def becomes_administrator(self, name: str) -> bool:
        """Whether `name` is no administrator and can become one."""
        return name not in self.administrators and any(reach.to in self.administrators for reach in self.becomes(name))

    def _walk(self, start, ends) -> list[Reach]:
        near_to: dict[str, list[tuple[str, Edge]]] = {}
        for edge in self.edges:
            near, far = ends(edge)
            near_to.setdefault(near, []).append((far, edge))
        found: list[Reach] = []
        known, level, steps = {start}, [(start, True)], 0
        while level:
            steps += 1
            best: dict[str, Reach] = {}
            for name, is_certain in level:
                for far, edge in near_to.get(name, []):
                    certain = is_certain and edge.is_certain
                    # Where there are several ways of the same length, a certain one counts.
                    if far not in known and (far not in best or (certain and not best[far].is_certain)):
                        best[far] = Reach(far, steps, certain, edge)
            reached = [best[name] for name in sorted(best)]
            known.update(best)
            found.extend(reached)
            level = [(reach.to, reach.is_certain) for reach in reached]
        return found
