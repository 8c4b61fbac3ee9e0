import type { Store } from '../src/source/store.ts';
import type { EndpointSlice, Ingress } from '../src/translate/snapshot.ts';
import {
  benchClass,
  benchHosts,
  benchIngress,
  benchService,
  benchSlice,
  revised,
} from './manifests.ts';

const INGRESSES_PER_SERVICE = 5;
const ENDPOINTS = 10;
/** Not changed, with an upstream, and under load. */
const STEADY = 10;

export type Change = (store: Store, turn: number) => void;

/** Ingresses of two rules each; five have a Service in common, and a Service has ten endpoints. */
export class ControlPlaneSite {
  readonly hosts: readonly string[];
  #version = 0;

  constructor(ingresses: number) {
    this.hosts = benchHosts(ingresses);
  }

  /** With an upstream, and never changed. */
  get steadyHosts(): readonly string[] {
    return this.hosts.slice(0, STEADY);
  }

  /** In two steps, so that making the objects is not on the clock. */
  makeObjects(upstreamPort: number): (store: Store) => void {
    const firsts = [...this.hosts.keys()].filter(
      (index) => index >= STEADY && index % INGRESSES_PER_SERVICE === 0,
    );
    const services = ['steady', ...firsts.map(serviceOf)].map((name) => benchService(name));
    const slices = [benchSlice('steady', upstreamPort), ...firsts.map((index) => sliceOf(index))];
    const ingresses = this.hosts.map((_, index) => this.#ingressOf(index));
    const configMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace: 'bench' },
      data: { 'disable-access-log': 'true', 'keep-alive-requests': '100000000' },
    };
    return (store) => {
      store.upsert('ingressclasses', revised(benchClass));
      store.upsert('configmaps', configMap);
      for (const service of services) store.upsert('services', revised(service));
      for (const slice of slices) store.upsert('endpointslices', revised(slice));
      for (const ingress of ingresses) store.upsert('ingresses', revised(ingress));
    };
  }

  /** The path of a rule. */
  readonly changeRoute: Change = (store, turn) => {
    const ingress = this.#ingressOf(this.#otherThanSteady(turn), `/v${++this.#version}`);
    store.upsert('ingresses', revised(ingress));
  };

  /** One endpoint of a Service is another, one that no slice had before: what changes nothing is never sent to workers. */
  readonly changeEndpoint: Change = (store, turn) => {
    const slice = sliceOf(this.#otherThanSteady(turn), ++this.#version);
    store.upsert('endpointslices', revised(slice));
  };

  /** An Ingress with hosts of its own comes, and goes at the next turn. */
  readonly comeAndGo: Change = (store, turn) => {
    const ingress = benchIngress('new.bench.example', 'steady');
    if (turn % 2 === 0) store.upsert('ingresses', revised(ingress));
    else store.remove('ingresses', `bench/${ingress.metadata.name}`);
  };

  #otherThanSteady(turn: number): number {
    return STEADY + ((turn * 35) % (this.hosts.length - STEADY));
  }

  /** `path` is that of the second rule. */
  #ingressOf(index: number, path = '/'): Ingress {
    const host = this.hosts[index] ?? '';
    const first = benchIngress(host, serviceOf(index));
    const second = benchIngress(`www.${host}`, serviceOf(index), path);
    const rules = [...(first.spec?.rules ?? []), ...(second.spec?.rules ?? [])];
    return { ...first, spec: { ...first.spec, rules } };
  }
}

function serviceOf(index: number): string {
  return index < STEADY ? 'steady' : `web-${Math.floor(index / INGRESSES_PER_SERVICE)}`;
}

/** `version`: of its last endpoint. */
function sliceOf(index: number, version?: number): EndpointSlice {
  const net = `127.${1 + ((index >> 8) & 127)}.${index & 255}`;
  const addresses = Array.from({ length: ENDPOINTS }, (_, each) => `${net}.${1 + each}`);
  if (version !== undefined) {
    const [high, middle, low] = [200 + ((version >> 16) & 31), (version >> 8) & 255, version & 255];
    addresses.splice(-1, 1, `127.${high}.${middle}.${low}`);
  }
  return benchSlice(serviceOf(index), 9, addresses);
}
