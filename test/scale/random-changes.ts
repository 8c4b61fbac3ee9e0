import { makeCertificate } from '../../bench/make-certificate.ts';
import { ApiError, type Api } from '../cluster/harness/api.ts';
import { ingress, TEST_LABEL, tlsSecret } from '../cluster/harness/app.ts';

/** What of each kind there may be in a namespace, by number. */
const NUMBERS = 6;
const NAMESPACES = 4;
const KINDS = ['ingress', 'service', 'slice', 'secret'] as const;
type Kind = (typeof KINDS)[number];

interface Named {
  readonly metadata: { readonly name: string };
}

/** On namespaces whose objects are to be served; some lose it for a while. */
export const SERVED = { [TEST_LABEL]: 'true', churn: 'on' };

/** Some mean nothing, some are wrong on purpose. */
const ANNOTATIONS: readonly Readonly<Record<string, string>>[] = [
  {},
  { 'proxy-body-size': '1m' },
  { 'proxy-body-size': 'plenty' },
  { 'permanent-redirect': 'https://elsewhere.test/' },
  { 'use-regex': 'true' },
  { 'server-alias': 'alias.test' },
  { 'proxy-read-timeout': '7' },
];

/**
 * Changes a few namespaces at random, and again the same way for the same chance. Objects refer to each other by numbers, so
 * that what they name comes, goes, and is claimed by two.
 */
export class RandomChanges {
  readonly #api: Api;
  readonly #random: () => number;
  readonly #certificates = Array.from({ length: 3 }, () => makeCertificate('*.test', 'ecdsa'));
  /** Changes that the API server took, and that it refused: what was to be changed was not there. */
  taken = 0;
  refused = 0;

  constructor(api: Api, random: () => number) {
    this.#api = api;
    this.#random = random;
  }

  async createNamespaces(): Promise<void> {
    for (let index = 0; index < NAMESPACES; index++) await this.#createNamespace(index);
  }

  /** One change. Never rejects for an answer of the API server. */
  async next(): Promise<void> {
    const change = this.#chooseChange();
    try {
      await change();
      this.taken += 1;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.refused += 1;
    }
  }

  /** All chances are taken here, before anything is awaited: their order is the same each time. */
  #chooseChange(): () => Promise<void> {
    const index = this.#below(NAMESPACES);
    const dice = this.#random();
    if (dice < 0.02) return this.#relabel(index, this.#random() < 0.5);
    if (dice < 0.0225) return () => this.#api.delete(`/api/v1/namespaces/${namespaceOf(index)}`);
    if (dice < 0.06) return () => this.#createNamespace(index);
    const kind = KINDS[this.#below(KINDS.length)] ?? 'ingress';
    const object = this.#make(kind, index, this.#below(NUMBERS));
    const folder = folderOf(kind, namespaceOf(index));
    const path = `${folder}/${object.metadata.name}`;
    if (this.#random() < 0.2) return () => this.#api.delete(path, 0);
    return async () => {
      await this.#api.delete(path, 0);
      await this.#api.create(folder, object);
    };
  }

  #relabel(index: number, isServed: boolean): () => Promise<void> {
    const labels = { churn: isServed ? 'on' : null };
    return () =>
      this.#api.patch(`/api/v1/namespaces/${namespaceOf(index)}`, { metadata: { labels } });
  }

  async #createNamespace(index: number): Promise<void> {
    await this.#api.create('/api/v1/namespaces', {
      metadata: { name: namespaceOf(index), labels: SERVED },
    });
  }

  #make(kind: Kind, index: number, number: number): Named {
    const namespace = namespaceOf(index);
    switch (kind) {
      case 'ingress':
        return this.#makeIngress(namespace, number);
      case 'service':
        return {
          metadata: { name: `service-${number}` },
          spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80 + this.#below(2) }] },
        } as Named;
      case 'slice':
        return this.#makeSlice(number);
      case 'secret': {
        const { chain: certificate, key } = this.#certificates[this.#below(3)] ?? {
          chain: '',
          key: '',
        };
        const broken = this.#random() < 0.2;
        const pair = { certificate: broken ? 'no certificate' : certificate, key, serial: '' };
        return tlsSecret(`tls-${number}`, namespace, pair) as Named;
      }
    }
  }

  #makeIngress(namespace: string, number: number): Named {
    const chosen = ANNOTATIONS[this.#below(ANNOTATIONS.length)] ?? {};
    const annotations = Object.fromEntries(
      Object.entries(chosen).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]),
    );
    const tls = this.#random() < 0.5 ? { tlsSecret: `tls-${this.#below(NUMBERS)}` } : {};
    return ingress({
      name: `ingress-${number}`,
      namespace,
      host: `host-${this.#below(2 * NUMBERS)}.test`, // fewer than Ingresses: two may claim one
      path: ['/', '/a', '/a/b'][this.#below(3)] ?? '/',
      service: `service-${this.#below(NUMBERS)}`,
      annotations,
      ...tls,
    }) as Named;
  }

  #makeSlice(number: number): Named {
    const labels = { 'kubernetes.io/service-name': `service-${this.#below(NUMBERS)}` };
    const endpoints = Array.from({ length: this.#below(5) }, () => ({
      addresses: [`10.244.250.${1 + this.#below(20)}`],
      conditions: { ready: this.#random() < 0.7 },
    }));
    return {
      metadata: { name: `slice-${number}`, labels },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 3_000 }],
      endpoints,
    } as Named;
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }
}

function namespaceOf(index: number): string {
  return `cluster-test-churn-${index}`;
}

function folderOf(kind: Kind, namespace: string): string {
  const core = `/api/v1/namespaces/${namespace}`;
  switch (kind) {
    case 'ingress':
      return `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`;
    case 'slice':
      return `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
    case 'service':
      return `${core}/services`;
    case 'secret':
      return `${core}/secrets`;
  }
}
