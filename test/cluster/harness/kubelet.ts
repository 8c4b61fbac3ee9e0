import { setTimeout as delay } from 'node:timers/promises';
import type { Api } from './api.ts';
import { startEchoContainer, type StartContainer } from './container.ts';
import { podPath, type Pod } from './pod.ts';
import { PodWorker } from './pod-worker.ts';

const NODE = 'stand-in';
const RETRY_MS = 200;

export interface KubeletOptions {
  readonly api: Api;
  /** How containers of an image are started, by the image's name without its tag. All others are echo servers. */
  readonly images?: Readonly<Record<string, StartContainer>>;
}

/**
 * Stands in for scheduler and kubelet: one Node, to which it binds every pod, and on which it runs them at addresses of
 * their own. Nothing else is imitated: roll-outs, scaling and EndpointSlices are the real controllers' doing.
 */
export class Kubelet {
  readonly #api: Api;
  readonly #images: Readonly<Record<string, StartContainer>>;
  readonly #workers = new Map<string, PodWorker>();
  readonly #starting = new Set<Promise<void>>();
  readonly #ended = new AbortController();
  #pods = 0;
  #watching: Promise<void> | undefined;

  private constructor({ api, images = {} }: KubeletOptions) {
    this.#api = api;
    this.#images = images;
  }

  static async start(options: KubeletOptions): Promise<Kubelet> {
    const kubelet = new Kubelet(options);
    await kubelet.#createNode();
    kubelet.#watching = kubelet.#followPods();
    return kubelet;
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#watching;
    await Promise.all(this.#starting);
    await Promise.all([...this.#workers.values()].map((worker) => worker.kill()));
  }

  async #createNode(): Promise<void> {
    await this.#api.create('/api/v1/nodes', {
      metadata: {
        name: NODE,
        labels: { 'kubernetes.io/hostname': NODE, 'kubernetes.io/os': 'linux' },
      },
    });
    await this.#api.patch(`/api/v1/nodes/${NODE}/status`, {
      status: {
        addresses: [{ type: 'InternalIP', address: '10.244.0.1' }],
        capacity: { cpu: '64', memory: '64Gi', pods: '1000' },
        allocatable: { cpu: '64', memory: '64Gi', pods: '1000' },
        conditions: [
          { type: 'Ready', status: 'True', reason: 'StandIn', message: 'pods run here' },
        ],
      },
    });
  }

  /** Lists and watches until stopped; an API server that is away is tried again. */
  async #followPods(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        const list = await this.#api.get<{ metadata: { resourceVersion: string }; items: Pod[] }>(
          '/api/v1/pods',
        );
        this.#removeAllBut(new Set(list.items.map(({ metadata }) => metadata.uid)));
        for (const pod of list.items) this.#handle(pod);
        const from = list.metadata.resourceVersion;
        const events = this.#api.watch<Pod>(`/api/v1/pods?watch=1&resourceVersion=${from}`, signal);
        for await (const { type, object } of events) {
          if (type === 'DELETED') this.#remove(object.metadata.uid);
          else if (type === 'ERROR')
            break; // the list that follows begins anew
          else this.#handle(object);
        }
      } catch {
        // The API server is away, or this ends: the loop's condition knows.
      }
      await delay(RETRY_MS, undefined, { signal }).catch(() => {}); // stopped while waiting
    }
  }

  #handle(pod: Pod): void {
    const { uid, deletionTimestamp, deletionGracePeriodSeconds = 30 } = pod.metadata;
    const worker = this.#workers.get(uid);
    if (deletionTimestamp === undefined) {
      if (worker === undefined) this.#run(pod);
    } else if (worker === undefined)
      void this.#api.delete(podPath(pod), 0).catch(() => {}); // listed again later
    else void worker.terminate(deletionGracePeriodSeconds);
  }

  #run(pod: Pod): void {
    const name = pod.spec.containers[0]?.image.replace(/:[^/]*$/, '') ?? '';
    const worker = new PodWorker({
      api: this.#api,
      pod,
      address: this.#nextAddress(),
      startContainer: this.#images[name] ?? startEchoContainer,
    });
    this.#workers.set(pod.metadata.uid, worker);
    const started = this.#bind(pod)
      .then(() => worker.start())
      .catch((error: unknown) => {
        if (!this.#ended.signal.aborted) console.error(`pod ${pod.metadata.name}:`, error);
      })
      .finally(() => this.#starting.delete(started));
    this.#starting.add(started);
  }

  async #bind(pod: Pod): Promise<void> {
    if (pod.spec.nodeName !== undefined) return;
    await this.#api.create(`${podPath(pod)}/binding`, {
      metadata: { name: pod.metadata.name },
      target: { apiVersion: 'v1', kind: 'Node', name: NODE },
    });
  }

  /** 10.244.1.1 and on; an address is never given twice, so a request for a pod that is gone can't reach another. */
  #nextAddress(): string {
    this.#pods += 1;
    return `10.244.${1 + Math.floor(this.#pods / 250)}.${1 + (this.#pods % 250)}`;
  }

  #remove(uid: string): void {
    void this.#workers.get(uid)?.kill();
    this.#workers.delete(uid);
  }

  #removeAllBut(uids: ReadonlySet<string>): void {
    for (const uid of this.#workers.keys()) {
      if (!uids.has(uid)) this.#remove(uid);
    }
  }
}
