import type { EndpointState } from '../endpoint-registry.ts';
import type { FieldList } from '../fields.ts';

/**
 * What a balancer may know of an exchange. The exchange itself is one: nothing is made for a choice, and what a balancer
 * does not ask for is not computed.
 */
export interface PickContext {
  /** Endpoints whose attempts failed; undefined before the first. */
  readonly tried: ReadonlySet<EndpointState> | undefined;
  /** Monotonic, milliseconds. */
  readonly nowMs: number;
  /** Effective address of the client, without port. */
  readonly clientAddress: string;
  readonly scheme: 'http' | 'https';
  readonly method: string;
  readonly authority: string;
  /** Lower case, without port. */
  readonly host: string;
  /** As received, query included. */
  readonly target: string;
  /** Normalised, without query. */
  readonly path: string;
  /** `?` and what follows; empty without one. */
  readonly query: string;
  readonly fields: FieldList;
  /** Written by a sticky balancer alone: what the client must be told to come back to this endpoint; undefined: nothing. */
  session: string | undefined;
}

/** Spreads attempts over endpoints. One instance a cluster and worker; every implementation passes `test/unit/balancer-contract.ts`. */
export interface Balancer {
  /**
   * The new set, in the config's order; what is known of those that stay is kept.
   * @param weights of each, whole numbers; 0: none of the exchanges. Undefined: all alike. Who knows no weights ignores them.
   */
  setEndpoints(endpoints: readonly EndpointState[], weights?: readonly number[]): void;
  /** One that was not tried while there are others, else any; undefined without endpoints. */
  pick(context: PickContext): EndpointState | undefined;
  /** An attempt begins on what was picked. */
  began?(endpoint: EndpointState): void;
  /**
   * It is over. The endpoint may have left meanwhile, or the attempt may have begun under another balancer.
   * @param answerMs from the choice to the end of the answer; undefined: the endpoint gave none.
   */
  ended?(endpoint: EndpointState, answerMs: number | undefined, nowMs: number): void;
}

/** From 0 to below 1. */
export type RandomSource = () => number;

/** Those that may have exchanges: without the ones of weight 0. */
export function withWeight(
  endpoints: readonly EndpointState[],
  weights: readonly number[] | undefined,
): readonly EndpointState[] {
  if (weights === undefined) return endpoints;
  return endpoints.filter((_, index) => (weights[index] ?? 1) > 0);
}

/**
 * The endpoint at `start`, or the next one that was not tried; with all of them tried, the one at `start`. Retries are rare
 * and have tried a few, so the walk is short.
 */
export function firstUntried(
  endpoints: readonly EndpointState[],
  start: number,
  tried: ReadonlySet<EndpointState> | undefined,
): EndpointState | undefined {
  const count = endpoints.length;
  if (tried !== undefined) {
    for (let step = 0; step < count; step++) {
      const endpoint = endpoints[(start + step) % count];
      if (endpoint !== undefined && !tried.has(endpoint)) return endpoint;
    }
  }
  return endpoints[start];
}
