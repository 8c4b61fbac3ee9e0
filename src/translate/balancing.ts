import { createHash } from 'node:crypto';
import type { BalancerConfig, KeyTemplate, SessionCookie } from '../model/config.ts';
import { integerOf, objectOf } from './loose.ts';
import type { Service } from './snapshot.ts';
import { oneOf, type ValueParser } from './value-parsers.ts';

const IPVS = {
  lc: { kind: 'least-cost', cost: 'lc' },
  wlc: { kind: 'least-cost', cost: 'wlc' },
  sed: { kind: 'least-cost', cost: 'sed' },
  nq: { kind: 'least-cost', cost: 'nq' },
  sh: { kind: 'hash', key: [{ kind: 'client-address' }], subset: 'none' },
  // IPVS takes the address that the client dialled; here that is the proxy's for all, and the host is what they mean.
  dh: { kind: 'hash', key: [{ kind: 'host' }], subset: 'none' },
} as const satisfies Record<string, BalancerConfig>;

const ALGORITHMS = {
  round_robin: { kind: 'round-robin' },
  ewma: { kind: 'ewma' },
  random: { kind: 'random' },
  least_request: { kind: 'least-request' },
  rr: { kind: 'round-robin' },
  wrr: { kind: 'round-robin' },
  ...IPVS,
} as const satisfies Record<string, BalancerConfig>;

export type Algorithm = keyof typeof ALGORITHMS;

/** ingress-nginx's names, ours, and those of `kube-proxy --ipvs-scheduler`. */
export function algorithm(): ValueParser<Algorithm> {
  return oneOf(...(Object.keys(ALGORITHMS) as Algorithm[]));
}

/** How a route wants its endpoint chosen. The first that is set counts: session, hash, then the algorithm. */
export interface Balancing {
  readonly algorithm: Algorithm;
  readonly hash: HashChoice | undefined;
  readonly session: SessionChoice | undefined;
}

export interface HashChoice {
  /** The template as it is written. */
  readonly text: string;
  readonly key: KeyTemplate;
  readonly subset: number | 'none';
}

export interface SessionChoice {
  readonly mode: 'balanced' | 'persistent';
  readonly changesOnFailure: boolean;
  readonly cookie: SessionCookie;
}

/** What tells clusters of one Service port apart in their ids; empty for round robin. */
export function balancingLabel({ algorithm, hash, session }: Balancing): string {
  if (session !== undefined) {
    const change = session.changesOnFailure ? ' change-on-failure' : '';
    return `cookie ${session.cookie.name} ${session.mode}${change}`;
  }
  if (hash !== undefined) {
    const subset = hash.subset === 'none' ? '' : ` subset ${hash.subset}`;
    return `hash ${hash.text}${subset}`;
  }
  return ALGORITHMS[algorithm].kind === 'round-robin' ? '' : algorithm;
}

/**
 * The Service's own `sessionAffinity: ClientIP` goes before an algorithm, as it does in kube-proxy, and behind what an Ingress
 * says of sessions.
 */
export function translateBalancer(
  { algorithm, hash, session }: Balancing,
  service: Service | undefined,
  clusterName: string,
): BalancerConfig {
  if (session !== undefined) {
    return {
      kind: 'sticky',
      mode: session.mode,
      cookie: session.cookie.name,
      changesOnFailure: session.changesOnFailure,
      salt: sessionSalt(service, clusterName),
    };
  }
  if (hash !== undefined) return { kind: 'hash', key: hash.key, subset: hash.subset };
  const spec = objectOf(service?.spec);
  if (spec?.sessionAffinity === 'ClientIP') {
    const timeoutSeconds = affinityTimeout(spec);
    return { kind: 'client-affinity', service: clusterName, timeoutSeconds };
  }
  return ALGORITHMS[algorithm];
}

/** The API server takes up to a day, and fills in the default. */
const MAX_TIMEOUT_SECONDS = 86_400;
const DEFAULT_TIMEOUT_SECONDS = 10_800;

function affinityTimeout({ sessionAffinityConfig }: NonNullable<Service['spec']>): number {
  const clientIp = objectOf(objectOf(sessionAffinityConfig)?.clientIP);
  const seconds = integerOf(clientIp?.timeoutSeconds) ?? 0;
  return seconds > 0 && seconds <= MAX_TIMEOUT_SECONDS ? seconds : DEFAULT_TIMEOUT_SECONDS;
}

/**
 * The UID that the API server drew for the Service: every replica reads the same, it outlives restarts, and who can't read
 * Services can't guess it. Of manifests without UIDs only the name is left, so there tokens could be guessed.
 */
function sessionSalt(service: Service | undefined, clusterName: string): string {
  const uid = service?.metadata.uid ?? '';
  return createHash('sha256').update(`session ${uid} ${clusterName}`).digest('base64url');
}
