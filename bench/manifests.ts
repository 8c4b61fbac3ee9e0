/** Objects of a site as `kubectl apply` would take them: one Service, and an Ingress for each host. */
export function benchManifests(hosts: readonly string[], upstreamPort: number): object[] {
  const namespace = 'bench';
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'ts-nginx' },
      spec: { controller: 'ts-nginx.io/ingress-controller' },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace },
      spec: { ports: [{ name: 'http', port: 80 }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'web-1', namespace, labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: upstreamPort }],
      endpoints: [{ addresses: ['127.0.0.1'] }],
    },
    ...hosts.map((host) => benchIngress(host)),
  ];
}

export function benchIngress(host: string): object {
  const backend = { service: { name: 'web', port: { number: 80 } } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: host.replaceAll('.', '-'), namespace: 'bench' },
    spec: {
      ingressClassName: 'ts-nginx',
      rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    },
  };
}

/** Host names of a site. */
export function benchHosts(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `site-${index}.bench.example`);
}
