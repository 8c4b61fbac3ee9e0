import type { EndpointSlice, Ingress, IngressClass, Service } from '../src/translate/snapshot.ts';

/** Objects of a site as `kubectl apply` would take them. */
const NAMESPACE = 'bench';

export const benchClass: IngressClass = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: { name: 'ts-nginx' },
  spec: { controller: 'ts-nginx.io/ingress-controller' },
};

export function benchService(name: string): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: NAMESPACE },
    spec: { ports: [{ name: 'http', port: 80 }] },
  };
}

let revisions = 0;

/** As the API server would: each write has a version of its own. */
export function revised<T extends { readonly metadata: object }>(object: T): T {
  revisions += 1;
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revisions) } };
}

/** Of type `kubernetes.io/tls`, from PEM. */
export function benchSecret(
  name: string,
  { chain, key }: { readonly chain: string; readonly key: string },
): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name, namespace: NAMESPACE },
    data: {
      'tls.crt': Buffer.from(chain).toString('base64'),
      'tls.key': Buffer.from(key).toString('base64'),
    },
  };
}

/** The one slice of a Service. */
export function benchSlice(
  service: string,
  port: number,
  addresses: readonly string[] = ['127.0.0.1'],
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${service}-1`,
      namespace: NAMESPACE,
      labels: { 'kubernetes.io/service-name': service },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port }],
    endpoints: addresses.map((address) => ({ addresses: [address] })),
  };
}

export function benchIngress(host: string, service: string, path = '/'): Ingress {
  const backend = { service: { name: service, port: { number: 80 } } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: host.replaceAll('.', '-'), namespace: NAMESPACE },
    spec: {
      ingressClassName: 'ts-nginx',
      rules: [{ host, http: { paths: [{ path, pathType: 'Prefix', backend }] } }],
    },
  };
}

/** Host names of a site. */
export function benchHosts(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `site-${index}.bench.example`);
}
