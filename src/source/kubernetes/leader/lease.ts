import { isJsonObject, type JsonObject } from '../prune.ts';

/** What of a Lease counts. Source: coordination.k8s.io/v1 LeaseSpec. */
export interface LeaseRecord {
  /** Undefined: nobody's. */
  readonly holder: string | undefined;
  /** What its holder asks others to wait after each renewal. */
  readonly durationMs: number;
  /** All of the spec: whether it changed is told by this text. */
  readonly text: string;
}

/** A Lease without a duration, or with nonsense in its place, has `fallbackMs`. */
export function readLease(lease: JsonObject, fallbackMs: number): LeaseRecord {
  const spec = isJsonObject(lease['spec']) ? lease['spec'] : {};
  const { holderIdentity: holder, leaseDurationSeconds: seconds } = spec;
  return {
    holder: typeof holder === 'string' && holder !== '' ? holder : undefined,
    durationMs: typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : fallbackMs,
    text: JSON.stringify(spec),
  };
}

export interface Tenure {
  readonly holder: string;
  readonly durationMs: number;
  /** Unix time; for people. */
  readonly nowMs: number;
}

/** A Lease that does not exist yet. */
export function newLease(namespace: string, name: string, tenure: Tenure): JsonObject {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace, name },
    spec: { ...tenureFields(tenure), acquireTime: microTime(tenure.nowMs), leaseTransitions: 0 },
  };
}

/** The Lease as its holder renews it, or as another takes it over. What is not ours to know stays as it is. */
export function takenLease(lease: JsonObject, tenure: Tenure): JsonObject {
  const spec = isJsonObject(lease['spec']) ? lease['spec'] : {};
  const isRenewal = spec['holderIdentity'] === tenure.holder;
  const transitions = typeof spec['leaseTransitions'] === 'number' ? spec['leaseTransitions'] : 0;
  return {
    ...lease,
    spec: {
      ...spec,
      ...tenureFields(tenure),
      ...(isRenewal
        ? {}
        : { acquireTime: microTime(tenure.nowMs), leaseTransitions: transitions + 1 }),
    },
  };
}

/** The Lease as its holder leaves it: free at once. */
export function releasedLease(lease: JsonObject, nowMs: number): JsonObject {
  const spec = { ...(isJsonObject(lease['spec']) ? lease['spec'] : {}) };
  Reflect.deleteProperty(spec, 'holderIdentity');
  return { ...lease, spec: { ...spec, leaseDurationSeconds: 1, renewTime: microTime(nowMs) } };
}

function tenureFields({ holder, durationMs, nowMs }: Tenure): JsonObject {
  return {
    holderIdentity: holder,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    renewTime: microTime(nowMs),
  };
}

/** metav1.MicroTime has exactly six digits behind the point. */
function microTime(unixMs: number): string {
  return new Date(unixMs).toISOString().replace('Z', '000Z');
}
