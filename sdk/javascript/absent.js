/**
 * Takes away what a component does not have: a clock and chance.
 *
 * An engine that has none gives what it saw when the module was built: a rule about age would be wrong from then on, and
 * nobody would notice. Here it fails, and the run with it.
 */

const RealDate = Date;

function refuse() {
  throw new Error("a module has no clock and no randomness: `run.now` is its only clock");
}

class GivenDate extends RealDate {
  constructor(...given) {
    if (given.length === 0) refuse();
    super(...given);
  }
}
Object.defineProperty(GivenDate, "now", { value: refuse });

const silent = new Proxy({}, { get: () => () => {} });
const broken = new Proxy({}, { get: refuse });
const HIDDEN = { Date: GivenDate, performance: broken, crypto: broken };

/** Hides them; what it returns brings them back. */
export function hide() {
  const { random } = Math;
  const kept = Object.keys(HIDDEN).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
  Math.random = refuse;
  for (const [name] of kept) {
    Object.defineProperty(globalThis, name, { configurable: true, writable: true, value: HIDDEN[name] });
  }
  return () => {
    Math.random = random;
    for (const [name, descriptor] of kept) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete globalThis[name];
    }
  };
}

/** A component has no output: what is left in a rule from looking for a mistake must not stop a run. */
export function silence() {
  Object.defineProperty(globalThis, "console", { configurable: true, writable: true, value: silent });
}
