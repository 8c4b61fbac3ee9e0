import type {
  ConfigMap,
  EndpointSlice,
  Ingress,
  KubernetesObject,
  Service,
} from '../../src/translate/snapshot.ts';

/** Names and what an object shall hold beyond the least. */
interface IngressSample {
  readonly name: string;
  readonly host: string;
  readonly service?: string;
  readonly path?: string;
  readonly createdAt?: string;
  /** Without the prefix. */
  readonly annotations?: Readonly<Record<string, string>>;
}

export function sampleIngress(sample: IngressSample): Ingress {
  const { name, host, service = name, path = '/', createdAt, annotations = {} } = sample;
  const prefixed = Object.entries(annotations).map(
    ([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value] as const,
  );
  const backend = { service: { name: service, port: { number: 80 } } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name,
      namespace: 'shop',
      annotations: Object.fromEntries(prefixed),
      ...(createdAt === undefined ? {} : { creationTimestamp: createdAt }),
    },
    spec: { rules: [{ host, http: { paths: [{ path, pathType: 'Prefix', backend }] } }] },
  };
}

export function sampleService(name: string): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop' },
    spec: { ports: [{ port: 80, targetPort: 8080 }] },
  };
}

export function sampleSlice(service: string, addresses: readonly string[]): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${service}-1`,
      namespace: 'shop',
      labels: { 'kubernetes.io/service-name': service },
    },
    addressType: 'IPv4',
    endpoints: addresses.map((address) => ({ addresses: [address] })),
    ports: [{ port: 8080 }],
  };
}

export function sampleConfigMap(data: Readonly<Record<string, string>>): ConfigMap {
  const metadata = { name: 'settings', namespace: 'ingress' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
}

/** An Ingress with a host, Service and endpoint of its own. */
export function sampleApp(number: number): KubernetesObject[] {
  const name = `app-${number}`;
  return [
    sampleIngress({ name, host: `${name}.example.com` }),
    sampleService(name),
    sampleSlice(name, [`10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`]),
  ];
}
