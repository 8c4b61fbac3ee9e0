import type { KindMap, Resource } from '../../translate/snapshot.ts';
import {
  boolean,
  integer,
  integerOrString,
  list,
  mapOf,
  object,
  scalarText,
  string,
  strings,
  type Shape,
} from './shape.ts';

/** A kind that is read from manifests: what the API server would fix or refuse is fixed or refused here. */
export interface Kind<R extends Resource = Resource> {
  readonly resource: R;
  readonly kind: string;
  readonly group: string;
  readonly version: 'v1';
  readonly namespaced: boolean;
  /** Everything but `apiVersion`, `kind` and `metadata`. */
  readonly body: Shape<Omit<KindMap[R], 'apiVersion' | 'kind' | 'metadata'>>;
}

const backend = object({
  service: object({ name: string, port: object({ name: string, number: integer }) }),
  resource: object({ apiGroup: string, kind: string, name: string }),
});

const ingress = object({
  spec: object({
    ingressClassName: string,
    defaultBackend: backend,
    rules: list(
      object({
        host: string,
        http: object({ paths: list(object({ path: string, pathType: string, backend })) }),
      }),
    ),
    tls: list(object({ hosts: list(string), secretName: string })),
  }),
});

const service = object({
  spec: object({
    type: string,
    clusterIP: string,
    clusterIPs: list(string),
    externalTrafficPolicy: string,
    internalTrafficPolicy: string,
    externalName: string,
    sessionAffinity: string,
    sessionAffinityConfig: object({ clientIP: object({ timeoutSeconds: integer }) }),
    ports: list(
      object({
        name: string,
        protocol: string,
        port: integer,
        targetPort: integerOrString,
        nodePort: integer,
        appProtocol: string,
      }),
    ),
  }),
  status: object({
    loadBalancer: object({ ingress: list(object({ ip: string, hostname: string })) }),
  }),
});

const node = object({
  spec: object({ taints: list(object({ key: string })) }),
  status: object({
    addresses: list(object({ type: string, address: string })),
    conditions: list(object({ type: string, status: string })),
  }),
});

const endpointSlice = object({
  addressType: string,
  endpoints: list(
    object({
      addresses: list(string),
      conditions: object({ ready: boolean, serving: boolean, terminating: boolean }),
      nodeName: string,
      zone: string,
      hints: object({
        forZones: list(object({ name: string })),
        forNodes: list(object({ name: string })),
      }),
    }),
  ),
  ports: list(object({ name: string, protocol: string, port: integer })),
});

const secretFields = object({ type: string, data: strings, stringData: strings });

/** As the API server does: `stringData` is encoded and wins over `data`. */
const secret: Kind<'secrets'>['body'] = (value, path) => {
  const { stringData = {}, data = {}, ...rest } = secretFields(value, path);
  const encoded = Object.entries(stringData).map(([key, text]): [string, string] => [
    key,
    Buffer.from(text).toString('base64'),
  ]);
  return { ...rest, data: { ...data, ...Object.fromEntries(encoded) } };
};

const core = { group: '', version: 'v1', namespaced: true } as const;
const networking = { group: 'networking.k8s.io', version: 'v1' } as const;

/** Settings without quotes (`true`, `10`) are read as meant: without the whole object, the guards in it would be off. */
const configMap = object({ data: mapOf(scalarText) });

/** Every kind that is read; all others are passed over. */
export const kinds: readonly Kind[] = [
  { ...networking, resource: 'ingresses', kind: 'Ingress', namespaced: true, body: ingress },
  {
    ...networking,
    resource: 'ingressclasses',
    kind: 'IngressClass',
    namespaced: false,
    body: object({ spec: object({ controller: string }) }),
  },
  { ...core, resource: 'services', kind: 'Service', body: service },
  {
    resource: 'endpointslices',
    kind: 'EndpointSlice',
    group: 'discovery.k8s.io',
    version: 'v1',
    namespaced: true,
    body: endpointSlice,
  },
  { ...core, resource: 'secrets', kind: 'Secret', body: secret },
  { ...core, resource: 'configmaps', kind: 'ConfigMap', body: configMap },
  { ...core, resource: 'namespaces', kind: 'Namespace', namespaced: false, body: object({}) },
  { ...core, resource: 'nodes', kind: 'Node', namespaced: false, body: node },
];

/** Groups that have been other homes of our kinds: an object of one is a mistake to be told, not another's kind. */
export const formerGroups: readonly string[] = ['extensions'];
