import { makeCertificate } from '../../bench/make-certificate.ts';
import type { Api } from '../cluster/harness/api.ts';
import { ingress, TEST_LABEL, tlsSecret } from '../cluster/harness/app.ts';

/** A large site, as the API server gets it: objects by number, spread over namespaces. */
export interface SiteSize {
  readonly ingresses: number;
  readonly services: number;
  readonly endpointsOfService: number;
  /** The first so many Ingresses have one each. */
  readonly secrets: number;
  /** Secrets of TLS that no Ingress names. */
  readonly strangers: number;
  readonly namespaces: number;
}

/** Where something listens; every endpoint of a Service but this one is said to be not ready. */
export const BACKEND = { address: '10.244.200.1', port: 3_000 };
/** More would only queue up in the API server. */
const AT_ONCE = 16;

export class Site {
  readonly size: SiteSize;

  constructor(size: SiteSize) {
    this.size = size;
  }

  hostOf(index: number): string {
    return `site-${index}.test`;
  }

  ingressPath(index: number): string {
    return `/apis/networking.k8s.io/v1/namespaces/${this.#namespaceOf(index)}/ingresses/site-${index}`;
  }

  /** Creates all of it. Whatever goes first names what does not exist yet, as in real life. */
  async create(api: Api): Promise<void> {
    const { namespaces, services, secrets, strangers, ingresses } = this.size;
    await inParallel(namespaces, (index) =>
      api.create('/api/v1/namespaces', {
        metadata: { name: this.#namespace(index), labels: { [TEST_LABEL]: 'true' } },
      }),
    );
    await inParallel(services, (index) => this.#createService(api, index));
    await inParallel(secrets + strangers, (index) => this.#createSecret(api, index));
    await inParallel(ingresses, (index) => this.#createIngress(api, index));
  }

  isStranger(secret: string): boolean {
    return Number(secret.replace('tls-', '')) >= this.size.secrets;
  }

  async #createService(api: Api, index: number): Promise<void> {
    const { namespaces, endpointsOfService } = this.size;
    const namespace = this.#namespace(index % namespaces);
    const name = `service-${Math.floor(index / namespaces)}`;
    await api.create(`/api/v1/namespaces/${namespace}/services`, {
      metadata: { name },
      spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] },
    });
    const addresses = Array.from({ length: endpointsOfService }, (_, endpoint) =>
      endpoint === 0 ? BACKEND.address : `10.244.${201 + (index % 40)}.${endpoint}`,
    );
    await api.create(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
      metadata: { name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: BACKEND.port }],
      endpoints: addresses.map((address, endpoint) => ({
        addresses: [address],
        conditions: { ready: endpoint === 0 },
      })),
    });
  }

  async #createSecret(api: Api, index: number): Promise<void> {
    const namespace = this.#namespaceOf(index);
    const { chain: certificate, key } = makeCertificate(this.hostOf(index), 'ecdsa');
    const secret = tlsSecret(`tls-${index}`, namespace, { certificate, key, serial: '' });
    await api.create(`/api/v1/namespaces/${namespace}/secrets`, secret);
  }

  async #createIngress(api: Api, index: number): Promise<void> {
    const { namespaces, services, secrets } = this.size;
    const namespace = this.#namespaceOf(index);
    const inNamespace = Math.floor(index / namespaces) % Math.floor(services / namespaces);
    const object = ingress({
      name: `site-${index}`,
      namespace,
      host: this.hostOf(index),
      service: `service-${inNamespace}`,
      ...(index < secrets ? { tlsSecret: `tls-${index}` } : {}),
    });
    await api.create(`/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`, object);
  }

  #namespaceOf(index: number): string {
    return this.#namespace(index % this.size.namespaces);
  }

  #namespace(index: number): string {
    return `cluster-test-scale-${index}`;
  }
}

/** For each number below `count`, a few at a time. */
async function inParallel(count: number, create: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const run = async (): Promise<void> => {
    while (next < count) await create(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, run));
}
