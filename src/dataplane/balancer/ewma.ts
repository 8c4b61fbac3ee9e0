import type { EndpointState } from '../endpoint-registry.ts';
import { withWeight, type Balancer, type PickContext, type RandomSource } from './balancer.ts';
import { drawTwo } from './two-choices.ts';

/** After so long a value counts for 1/e: ingress-nginx's. */
const DECAY_MS = 10_000;

/** What is known of one endpoint's answers; the same object as long as the endpoint is in the set. */
interface Average {
  readonly endpoint: EndpointState;
  /** Milliseconds of an answer, at `atMs`. */
  ms: number;
  atMs: number;
}

/**
 * Of two endpoints drawn at random the one that answered faster of late, as ingress-nginx's `ewma`: an average of the time from
 * the choice to the end of the answer in which old answers lose weight by time, and which sinks while nobody asks. An
 * endpoint that comes starts at the mean of the others, so it is neither flooded nor avoided.
 *
 * Unlike there, an attempt without an answer is no fast answer: it leaves the average alone.
 */
export class Ewma implements Balancer {
  readonly #random: RandomSource;
  readonly #known = new Map<EndpointState, Average>();
  #averages: readonly Average[] = [];

  constructor(random: RandomSource = Math.random) {
    this.#random = random;
  }

  setEndpoints(endpoints: readonly EndpointState[], weights?: readonly number[]): void {
    const wanted = withWeight(endpoints, weights);
    const stay = wanted.flatMap((endpoint) => this.#known.get(endpoint) ?? []);
    const atMs = stay.reduce((latest, average) => Math.max(latest, average.atMs), 0);
    const sum = stay.reduce((total, average) => total + decayed(average, atMs), 0);
    const ms = stay.length === 0 ? 0 : sum / stay.length;
    this.#averages = wanted.map((endpoint) => this.#known.get(endpoint) ?? { endpoint, ms, atMs });
    this.#known.clear();
    for (const average of this.#averages) this.#known.set(average.endpoint, average);
  }

  pick({ tried, nowMs }: PickContext): EndpointState | undefined {
    const all = this.#averages;
    const untried = tried === undefined ? all : all.filter(({ endpoint }) => !tried.has(endpoint));
    const averages = untried.length === 0 ? all : untried;
    const count = averages.length;
    if (count < 2) return averages[0]?.endpoint;
    const pair = drawTwo(count, this.#random);
    const first = averages[Math.floor(pair / count)];
    const second = averages[pair % count];
    if (first === undefined || second === undefined) return undefined;
    return (decayed(second, nowMs) < decayed(first, nowMs) ? second : first).endpoint;
  }

  ended(endpoint: EndpointState, answerMs: number | undefined, nowMs: number): void {
    const average = this.#known.get(endpoint);
    if (average === undefined || answerMs === undefined) return;
    const kept = decay(nowMs - average.atMs);
    average.ms = average.ms * kept + answerMs * (1 - kept);
    average.atMs = Math.max(nowMs, average.atMs);
  }
}

function decayed({ ms, atMs }: Average, nowMs: number): number {
  return ms * decay(nowMs - atMs);
}

function decay(elapsedMs: number): number {
  return Math.exp(-Math.max(elapsedMs, 0) / DECAY_MS);
}
