/** Who can become whom: the identity graph that the host hands to a rule that needs `graph`. */

/** The identities of a plan and the ways between them. */
export class Graph {
  constructor(context) {
    if (context.graph === undefined || context.graph === null) {
      throw new Error('there is no graph: let a rule have needs: ["graph"]');
    }
    const { nodes, edges, omitted } = JSON.parse(context.graph);
    this.nodes = nodes;
    this.edges = edges;
    this.omitted = omitted;
    this.administrators = new Set(nodes.filter((node) => node.admin).map((node) => node.name));
  }

  /** Everybody whom `name` can become, nearest first; itself not among them. */
  becomes(name) {
    return this.#walk(name, "from", "to");
  }

  /** Everybody who can become `name`, nearest first; `to` of each is then who it is. */
  becomeBy(name) {
    return this.#walk(name, "to", "from");
  }

  /** Whether `name` is no administrator and can become one. */
  becomesAdministrator(name) {
    return !this.administrators.has(name) && this.becomes(name).some(({ to }) => this.administrators.has(to));
  }

  #walk(start, near, far) {
    const nearTo = new Map();
    for (const edge of this.edges) {
      if (!nearTo.has(edge[near])) nearTo.set(edge[near], []);
      nearTo.get(edge[near]).push(edge);
    }
    const found = [];
    const known = new Set([start]);
    let level = [{ to: start, isCertain: true }];
    for (let steps = 1; level.length > 0; steps += 1) {
      const best = new Map();
      for (const { to: at, isCertain } of level) {
        for (const edge of nearTo.get(at) ?? []) {
          const reach = { to: edge[far], steps, isCertain: isCertain && edge.certain, last: edge };
          const other = best.get(reach.to);
          // Where there are several ways of the same length, a certain one counts.
          if (!known.has(reach.to) && (!other || (reach.isCertain && !other.isCertain))) best.set(reach.to, reach);
        }
      }
      level = [...best.keys()].sort().map((name) => best.get(name));
      for (const reach of level) known.add(reach.to);
      found.push(...level);
    }
    return found;
  }
}
