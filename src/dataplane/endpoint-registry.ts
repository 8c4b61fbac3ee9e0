import type { Endpoint, EndpointSet } from '../model/config.ts';
import type { SectionDelta } from '../model/delta.ts';

/** What a worker knows of one `ip:port`, whichever clusters name it. Outlives config changes. */
export interface EndpointState {
  readonly address: string;
  readonly port: number;
  /** `10.0.0.1:8080`, `[2001:db8::1]:8080`. */
  readonly key: string;
  /** Exchanges that run on it; counted by who forwards. */
  inFlight: number;
  /** No endpoint set names it any more: finish what runs, keep no idle connection. */
  readonly removed: boolean;
}

interface CountedEndpoint extends EndpointState {
  removed: boolean;
  /** How many endpoint sets name it. */
  uses: number;
}

/** One set: its endpoints in the config's order, and the weight of each; undefined: all alike. */
export interface WeightedEndpoints {
  readonly endpoints: readonly EndpointState[];
  readonly weights: readonly number[] | undefined;
}

interface CountedSet extends WeightedEndpoints {
  readonly endpoints: readonly CountedEndpoint[];
}

const EMPTY: CountedSet = { endpoints: [], weights: undefined };

/** The endpoint sets of the config, and for each `ip:port` in them the one state that this worker keeps. */
export class EndpointRegistry {
  readonly #sets = new Map<string, CountedSet>();
  readonly #states = new Map<string, CountedEndpoint>();
  /** Part of `#states` until their last exchange ends: coming back before, they have their state again. */
  readonly #removed = new Set<CountedEndpoint>();

  /** Empty for a set that is not in the config. */
  endpointsOf(setId: string): WeightedEndpoints {
    return this.#sets.get(setId) ?? EMPTY;
  }

  /** Gives the endpoints that no set names any more. One that only moves from set to set is not among them. */
  update({ set, remove }: SectionDelta<EndpointSet>): readonly EndpointState[] {
    this.#forgetIdle();
    const left: CountedSet[] = [];
    for (const { id, endpoints } of set) {
      left.push(this.#sets.get(id) ?? EMPTY);
      this.#sets.set(id, {
        endpoints: endpoints.map((endpoint) => this.#use(endpoint)),
        weights: weightsOf(endpoints),
      });
    }
    for (const id of remove) {
      left.push(this.#sets.get(id) ?? EMPTY);
      this.#sets.delete(id);
    }
    return left.flatMap(({ endpoints }) => endpoints).filter((each) => this.#release(each));
  }

  #use({ address, port }: Endpoint): CountedEndpoint {
    const key = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
    let state = this.#states.get(key);
    if (state === undefined) {
      state = { address, port, key, inFlight: 0, removed: false, uses: 0 };
      this.#states.set(key, state);
    }
    state.uses++;
    state.removed = false;
    this.#removed.delete(state);
    return state;
  }

  /** Whether that was the last use. */
  #release(state: CountedEndpoint): boolean {
    state.uses--;
    if (state.uses > 0) return false;
    state.removed = true;
    this.#removed.add(state);
    return true;
  }

  #forgetIdle(): void {
    for (const state of this.#removed) {
      if (state.inFlight > 0) continue;
      this.#removed.delete(state);
      this.#states.delete(state.key);
    }
  }
}

function weightsOf(endpoints: readonly Endpoint[]): readonly number[] | undefined {
  const isWeighted = endpoints.some(({ weight }) => weight !== undefined);
  return isWeighted ? endpoints.map(({ weight = 1 }) => weight) : undefined;
}
