import type { KindMap, Resource } from '../../translate/snapshot.ts';
import { apiKinds } from './watch-target.ts';

/** A JSON object as parsed, before anything is known of it. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What is kept of a value: all of it, the named fields of an object, or so of each item of an array. */
type Shape = 'all' | { readonly [field: string]: Shape } | readonly [Shape];

const IDENTITY: Shape = {
  name: 'all',
  namespace: 'all',
  uid: 'all',
  resourceVersion: 'all',
  generation: 'all',
  creationTimestamp: 'all',
  deletionTimestamp: 'all',
};
const LABELLED: Shape = { ...IDENTITY, labels: 'all' };
const ANNOTATED: Shape = { ...LABELLED, annotations: 'all' };

/** The fields that translate/snapshot.ts names. `managedFields`, most of `status` and what else is large go. */
const SHAPES: Readonly<Record<Resource, Readonly<Record<string, Shape>>>> = {
  ingresses: {
    metadata: ANNOTATED,
    spec: { ingressClassName: 'all', defaultBackend: 'all', rules: 'all', tls: 'all' },
    status: { loadBalancer: 'all' },
  },
  ingressclasses: { metadata: ANNOTATED, spec: { controller: 'all' } },
  services: {
    metadata: ANNOTATED,
    spec: {
      type: 'all',
      clusterIP: 'all',
      clusterIPs: 'all',
      externalTrafficPolicy: 'all',
      internalTrafficPolicy: 'all',
      externalName: 'all',
      ports: 'all',
      sessionAffinity: 'all',
      sessionAffinityConfig: 'all',
    },
    status: { loadBalancer: 'all' },
  },
  endpointslices: {
    metadata: LABELLED,
    addressType: 'all',
    endpoints: [
      { addresses: 'all', conditions: 'all', nodeName: 'all', zone: 'all', hints: 'all' },
    ],
    ports: [{ name: 'all', protocol: 'all', port: 'all' }],
  },
  secrets: { metadata: IDENTITY, type: 'all', data: 'all' },
  configmaps: { metadata: IDENTITY, data: 'all' },
  namespaces: { metadata: LABELLED },
  nodes: {
    metadata: LABELLED,
    spec: { taints: [{ key: 'all' }] },
    status: {
      addresses: [{ type: 'all', address: 'all' }],
      conditions: [{ type: 'all', status: 'all' }],
    },
  },
};

/** kubectl keeps a copy of the whole object in it. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * The object with only the fields that are used. Items of a list carry no `apiVersion` and `kind` on the wire, so these are
 * set here. Undefined when it has no name or version, which no object of an API server lacks.
 */
export function prune<R extends Resource>(resource: R, object: unknown): KindMap[R] | undefined {
  const kept = pick(object, SHAPES[resource]);
  if (!isJsonObject(kept) || !isJsonObject(kept['metadata'])) return undefined;
  const { name, resourceVersion } = kept['metadata'];
  if (typeof name !== 'string' || typeof resourceVersion !== 'string') return undefined;
  dropLastApplied(kept['metadata']);
  const { apiVersion, kind } = apiKinds[resource];
  // The types of the snapshot promise nothing that JSON of this kind could break: all fields are optional and untrusted.
  return { apiVersion, kind, ...kept } as unknown as KindMap[R];
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function pick(value: unknown, shape: Shape): unknown {
  if (shape === 'all') return value;
  if (isItemShape(shape)) {
    return Array.isArray(value) ? value.map((item) => pick(item, shape[0])) : undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const kept: Record<string, unknown> = {};
  for (const [field, inner] of Object.entries(shape)) {
    const picked = value[field] === undefined ? undefined : pick(value[field], inner);
    if (picked !== undefined) kept[field] = picked;
  }
  return kept;
}

function isItemShape(shape: Exclude<Shape, 'all'>): shape is readonly [Shape] {
  return Array.isArray(shape);
}

/** The object was parsed for us alone, so it may be changed. */
function dropLastApplied({ annotations }: JsonObject): void {
  if (isJsonObject(annotations)) Reflect.deleteProperty(annotations, LAST_APPLIED);
}
