import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Api } from './api.ts';
import { requestEcho } from './wire.ts';

interface EndpointSlices {
  readonly items: readonly {
    readonly endpoints?: readonly {
      readonly addresses: readonly string[];
      readonly conditions: { readonly ready?: boolean };
    }[];
  }[];
}

/** A balancer hears late that a pod is going. */
const LEARNS_AFTER_MS = 2_000;
const PAUSE_MS = 20;

/** The ready endpoints of a Service. */
export async function readyAddresses(
  api: Api,
  namespace: string,
  service: string,
): Promise<string[]> {
  const selector = `labelSelector=kubernetes.io/service-name%3D${service}`;
  const slices = await api.get<EndpointSlices>(
    `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?${selector}`,
  );
  return slices.items
    .flatMap(({ endpoints = [] }) => endpoints)
    .filter(({ conditions }) => conditions.ready === true)
    .flatMap(({ addresses }) => addresses);
}

export interface BalancedLoadOptions {
  readonly api: Api;
  readonly namespace: string;
  readonly service: string;
  readonly host: string;
}

/** Requests on new connections to port 80 of each ready pod behind a Service, as through a balancer that learns of changes late. */
export class BalancedLoad {
  readonly #options: BalancedLoadOptions;
  readonly #failures: string[] = [];
  readonly #client: Promise<void>;
  #requests = 0;
  #stopping = false;

  constructor(options: BalancedLoadOptions) {
    this.#options = options;
    this.#client = this.#run();
  }

  async #run(): Promise<void> {
    const { api, namespace, service, host } = this.#options;
    let addresses: string[] = [];
    let learnedAt = -Infinity;
    while (!this.#stopping) {
      if (performance.now() - learnedAt > LEARNS_AFTER_MS) {
        addresses = await readyAddresses(api, namespace, service);
        learnedAt = performance.now();
      }
      for (const address of addresses) {
        this.#requests += 1;
        await requestEcho({ address, port: 80, host }).catch((error: unknown) => {
          this.#failures.push(`${address}: ${String(error)}`);
        });
      }
      await delay(PAUSE_MS);
    }
  }

  /** Harmless when repeated. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#client;
  }

  /** Ends it; throws unless enough requests were made and none failed. */
  async assertUndisturbed(t: TestContext, leastRequests: number): Promise<void> {
    await this.stop();
    t.diagnostic(`${this.#requests} requests on new connections`);
    assert.ok(this.#requests > leastRequests, `only ${this.#requests} requests were made`);
    assert.deepEqual(this.#failures, []);
  }
}
