import type { Balancer } from '../../src/dataplane/balancer/balancer.ts';
import { createBalancer } from '../../src/dataplane/balancer/index.ts';
import type { EndpointState } from '../../src/dataplane/endpoint-registry.ts';
import { FieldList } from '../../src/dataplane/fields.ts';
import type { BalancerConfig } from '../../src/model/config.ts';
import { samplePick } from '../unit/sample-pick.ts';
import { seededRandom } from '../unit/seeded-random.ts';

/**
 * What balancers do, counted: the data of both the tests beside this and the charts of docs/balancing.md. All chance has a
 * fixed seed, so the numbers are the same each time.
 */
const COOKIE = 'INGRESSCOOKIE';
const byAddress = [{ kind: 'client-address' }] as const;
const sticky = (mode: 'balanced' | 'persistent'): BalancerConfig => ({
  kind: 'sticky',
  mode,
  cookie: COOKIE,
  changesOnFailure: false,
  salt: 'salt of the service',
});

/** By what one writes to have it. */
export const balancers = {
  round_robin: { kind: 'round-robin' },
  random: { kind: 'random' },
  least_request: { kind: 'least-request' },
  ewma: { kind: 'ewma' },
  lc: { kind: 'least-cost', cost: 'lc' },
  wlc: { kind: 'least-cost', cost: 'wlc' },
  sed: { kind: 'least-cost', cost: 'sed' },
  nq: { kind: 'least-cost', cost: 'nq' },
  'upstream-hash-by': { kind: 'hash', key: byAddress, subset: 'none' },
  'upstream-hash-by-subset': { kind: 'hash', key: byAddress, subset: 3 },
  'affinity balanced': sticky('balanced'),
  'affinity persistent': sticky('persistent'),
} as const satisfies Readonly<Record<string, BalancerConfig>>;

export type BalancerName = keyof typeof balancers;
export const balancerNames = Object.keys(balancers) as BalancerName[];

/** Clients that keep their cookies. */
class Clients {
  readonly #sessions = new Map<number, string>();

  /** The endpoint that client number `client` is sent to. */
  pick(balancer: Balancer, client: number, nowMs: number): EndpointState {
    const fields = new FieldList();
    const session = this.#sessions.get(client);
    if (session !== undefined) fields.push('Cookie', `${COOKIE}=${session}`);
    const clientAddress = `10.${client >> 16}.${(client >> 8) & 255}.${client & 255}`;
    const context = samplePick({ clientAddress, fields, nowMs });
    const endpoint = balancer.pick(context);
    if (endpoint === undefined) throw new Error('there are endpoints, and none was picked');
    if (context.session !== undefined) this.#sessions.set(client, context.session);
    return endpoint;
  }
}

function makeEndpoints(count: number): EndpointState[] {
  return Array.from({ length: count }, (_, index) => {
    const address = `10.0.0.${index + 1}`;
    return { address, port: 8080, key: `${address}:8080`, inFlight: 0, removed: false };
  });
}

export const SPREAD = { endpoints: 20, clients: 2_000, exchangesEach: 10 } as const;

/** Exchanges of each endpoint: 2,000 clients have 10 each, one exchange after the other, and all endpoints answer alike. */
export function spread(name: BalancerName): number[] {
  const endpoints = makeEndpoints(SPREAD.endpoints);
  const balancer = createBalancer(balancers[name], seededRandom(1));
  balancer.setEndpoints(endpoints);
  const clients = new Clients();
  const counts = new Map(endpoints.map((endpoint) => [endpoint, 0]));
  for (let exchange = 0; exchange < SPREAD.clients * SPREAD.exchangesEach; exchange++) {
    const endpoint = clients.pick(balancer, exchange % SPREAD.clients, exchange);
    counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
    balancer.began?.(endpoint);
    balancer.ended?.(endpoint, 10, exchange);
  }
  return [...counts.values()];
}

export const SLOW = {
  endpoints: 10,
  slots: 4,
  usualMs: 10,
  slowMs: 100,
  perSecond: 1_500,
  seconds: 20,
} as const;

export interface SlowResult {
  /** Of all exchanges, from 0 to 1: the slow endpoint's. */
  readonly slowShare: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

interface UnderWay {
  readonly endpoint: EndpointState;
  readonly beganMs: number;
  readonly endMs: number;
}

/**
 * One of ten endpoints answers ten times as slowly as the others. Each does four exchanges at once and queues the rest;
 * exchanges come by chance, 1,500 a second, which the slow endpoint's even share would be too much for.
 */
export function withSlowEndpoint(name: BalancerName): SlowResult {
  const random = seededRandom(2);
  const chance = (meanMs: number): number => -Math.log(1 - random()) * meanMs;
  const endpoints = makeEndpoints(SLOW.endpoints);
  const slots = new Map(endpoints.map((each) => [each, new Array<number>(SLOW.slots).fill(0)]));
  const balancer = createBalancer(balancers[name], seededRandom(3));
  balancer.setEndpoints(endpoints);
  const clients = new Clients();
  const underWay: UnderWay[] = [];
  const latencies: number[] = [];
  let slowCount = 0;
  for (let nowMs = 0; nowMs < SLOW.seconds * 1_000; nowMs += chance(1_000 / SLOW.perSecond)) {
    while ((underWay[0]?.endMs ?? Infinity) <= nowMs) finish(balancer, underWay.shift());
    const endpoint = clients.pick(balancer, Math.floor(random() * SPREAD.clients), nowMs);
    endpoint.inFlight += 1;
    balancer.began?.(endpoint);
    const isSlow = endpoint === endpoints[0];
    if (isSlow) slowCount += 1;
    const endMs = occupy(
      slots.get(endpoint) ?? [],
      nowMs,
      chance(isSlow ? SLOW.slowMs : SLOW.usualMs),
    );
    latencies.push(endMs - nowMs);
    const place = underWay.findIndex((each) => each.endMs > endMs);
    underWay.splice(place === -1 ? underWay.length : place, 0, { endpoint, beganMs: nowMs, endMs });
  }
  latencies.sort((one, other) => one - other);
  const quantile = (part: number): number => latencies[Math.floor(latencies.length * part)] ?? 0;
  return {
    slowShare: slowCount / latencies.length,
    medianMs: quantile(0.5),
    p99Ms: quantile(0.99),
  };
}

function finish(balancer: Balancer, ended: UnderWay | undefined): void {
  if (ended === undefined) return;
  ended.endpoint.inFlight -= 1;
  balancer.ended?.(ended.endpoint, ended.endMs - ended.beganMs, ended.endMs);
}

/** The next free slot has it; gives when it will be done. */
function occupy(slots: number[], nowMs: number, serviceMs: number): number {
  const slot = slots.indexOf(Math.min(...slots));
  const endMs = Math.max(nowMs, slots[slot] ?? 0) + serviceMs;
  slots[slot] = endMs;
  return endMs;
}

export const MOVES = { endpoints: 10, clients: 2_000 } as const;

export interface MovesResult {
  /** Of the clients, from 0 to 1: those that have another endpoint when one comes. */
  readonly whenOneComes: number;
  /** The same when one of the ten goes. */
  readonly whenOneGoes: number;
}

/** How many clients lose their endpoint. */
export function moves(name: BalancerName): MovesResult {
  const endpoints = makeEndpoints(MOVES.endpoints + 1);
  const ten = endpoints.slice(1);
  const movedTo = (next: readonly EndpointState[]): number => {
    const balancer = createBalancer(balancers[name], seededRandom(4));
    const clients = new Clients();
    const home = (client: number): EndpointState => clients.pick(balancer, client, 0);
    const everybody = Array.from({ length: MOVES.clients }, (_, client) => client);
    balancer.setEndpoints(ten);
    const before = everybody.map(home);
    balancer.setEndpoints(next);
    return everybody.filter((client) => home(client) !== before[client]).length / MOVES.clients;
  };
  return { whenOneComes: movedTo(endpoints), whenOneGoes: movedTo(ten.slice(1)) };
}
