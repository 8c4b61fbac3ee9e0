import type { EndpointState } from '../endpoint-registry.ts';
import type { Balancer, PickContext, RandomSource } from './balancer.ts';

/** Endpoints of one weight: alike in everything, so they take turns. */
interface Group {
  readonly weight: number;
  readonly endpoints: EndpointState[];
  /** Where each stands in the whole set: of two groups with the same credit the earlier endpoint is next. */
  readonly places: number[];
  /** Whose turn it is. */
  turn: number;
  /** How many have had theirs in this round. */
  paid: number;
  /** What the next one is owed; nginx calls it the current weight of a peer. */
  credit: number;
}

/**
 * Smooth weighted round robin as nginx has it: each pick gives every endpoint its weight as credit, the one with most is
 * picked and pays the sum of all weights. nginx looks at every endpoint; since those of one weight take turns, it is enough
 * to look at one of each weight, and with weights all equal there is nothing to look at.
 *
 * It starts at a random endpoint, so that the workers and replicas do not all send their first request to the same one.
 */
export class RoundRobin implements Balancer {
  readonly #start: number;
  #endpoints: readonly EndpointState[] = [];
  #groups: readonly Group[] = [];
  #sum = 0;

  constructor(random: RandomSource = Math.random) {
    this.#start = Math.floor(random() * 0x3fffffff);
  }

  setEndpoints(endpoints: readonly EndpointState[], weights?: readonly number[]): void {
    const before = new Map(this.#groups.map((group) => [group.weight, group]));
    const groups = new Map<number, Group>();
    endpoints.forEach((endpoint, place) => {
      const weight = weights?.[place] ?? 1;
      if (weight <= 0) return;
      const group = groups.get(weight) ?? newGroup(weight);
      group.endpoints.push(endpoint);
      group.places.push(place);
      groups.set(weight, group);
    });
    this.#groups = [...groups.values()];
    for (const group of this.#groups) group.turn = this.#turnOf(group, before.get(group.weight));
    this.#endpoints = this.#groups.flatMap((group) => group.endpoints);
    this.#sum = this.#groups.reduce((sum, group) => sum + group.weight * group.endpoints.length, 0);
  }

  pick({ tried }: PickContext): EndpointState | undefined {
    const first = this.#take();
    if (tried === undefined || first === undefined || !tried.has(first)) return first;
    for (let skipped = 1; skipped < this.#endpoints.length; skipped++) {
      const endpoint = this.#take();
      if (endpoint !== undefined && !tried.has(endpoint)) return endpoint;
    }
    // A heavy endpoint may have had all these turns.
    return this.#endpoints.find((endpoint) => !tried.has(endpoint)) ?? first;
  }

  /** The place of whose turn it was, or of the next after it that is still there. */
  #turnOf({ endpoints }: Group, before: Group | undefined): number {
    const count = before?.endpoints.length ?? 0;
    const places = new Map(endpoints.map((endpoint, place) => [endpoint, place]));
    for (let step = 0; before !== undefined && step < count; step++) {
      const next = before.endpoints[(before.turn + step) % count];
      const place = next === undefined ? undefined : places.get(next);
      if (place !== undefined) return place;
    }
    return this.#start % endpoints.length;
  }

  #take(): EndpointState | undefined {
    const [only] = this.#groups;
    if (only === undefined) return undefined;
    const group = this.#groups.length === 1 ? only : this.#richest(only);
    const endpoint = group.endpoints[group.turn];
    const count = group.endpoints.length;
    group.turn = group.turn + 1 < count ? group.turn + 1 : 0;
    group.paid += 1;
    if (group.paid === count) {
      group.paid = 0;
      // Only when all have paid is the next one poorer than the last one was.
      group.credit -= this.#sum;
    }
    return endpoint;
  }

  #richest(first: Group): Group {
    let best = first;
    for (const group of this.#groups) {
      group.credit += group.weight;
      const isRicher = group.credit - best.credit;
      if (isRicher > 0 || (isRicher === 0 && placeOf(group) < placeOf(best))) best = group;
    }
    return best;
  }
}

function newGroup(weight: number): Group {
  return { weight, endpoints: [], places: [], turn: 0, paid: 0, credit: 0 };
}

function placeOf({ places, turn }: Group): number {
  return places[turn] ?? 0;
}
