import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, type Api } from './api.ts';
import type { RunningContainer, StartContainer } from './container.ts';
import { podPath, type Container, type Pod, type Probe } from './pod.ts';
import { probeOnce, ProbeState } from './probe.ts';

const RETRY_MS = 250;

/**
 * One pod's life: starts its containers, probes them, reports its status, and ends them when the pod is deleted. What it
 * has to report it tries until the API server takes it, so an API server that is away loses nothing.
 */
export class PodWorker {
  readonly address: string;
  readonly #api: Api;
  readonly #pod: Pod;
  readonly #startContainer: StartContainer;
  /** Probes end. */
  readonly #ended = new AbortController();
  /** Nobody wants to hear of this pod any more. */
  readonly #abandoned = new AbortController();
  readonly #startedAt = new Date().toISOString();
  readonly #containers: RunningContainer[] = [];
  readonly #readiness: Map<Container, boolean>;
  #terminating = false;
  #reporting = Promise.resolve();

  constructor(deps: { api: Api; pod: Pod; address: string; startContainer: StartContainer }) {
    this.#api = deps.api;
    this.#pod = deps.pod;
    this.address = deps.address;
    this.#startContainer = deps.startContainer;
    this.#readiness = new Map(deps.pod.spec.containers.map((container) => [container, false]));
  }

  async start(): Promise<void> {
    for (const container of this.#pod.spec.containers) {
      this.#containers.push(await this.#startContainer(container, this.#pod, this.address));
    }
    this.#report();
    for (const container of this.#pod.spec.containers) void this.#watchReadiness(container);
  }

  /** The pod was marked for deletion: preStop, then SIGTERM and the grace period, then it goes from the API. */
  async terminate(graceSeconds: number): Promise<void> {
    if (this.#terminating) return;
    this.#terminating = true;
    const preStopSeconds = this.#pod.spec.containers.map(
      (c) => c.lifecycle?.preStop?.sleep?.seconds ?? 0,
    );
    const preStopMs = 1000 * Math.min(graceSeconds, Math.max(0, ...preStopSeconds));
    await delay(preStopMs, undefined, { signal: this.#abandoned.signal }).catch(() => {}); // ended by force meanwhile
    for (const container of this.#readiness.keys()) this.#readiness.set(container, false);
    this.#report();
    await this.#end(graceSeconds * 1000 - preStopMs);
    await this.#untilAccepted(() => this.#api.delete(podPath(this.#pod), 0));
  }

  /** Ends what runs at once, without a word to the API. */
  async kill(): Promise<void> {
    this.#abandoned.abort();
    await this.#end(0);
  }

  async #end(graceMs: number): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#containers.splice(0).map((container) => container.stop(graceMs)));
  }

  async #watchReadiness(container: Container): Promise<void> {
    try {
      if (container.startupProbe)
        await this.#probeUntil(container, container.startupProbe, (ok) => ok);
      if (container.readinessProbe === undefined) this.#setReady(container, true);
      else {
        await this.#probeUntil(container, container.readinessProbe, (ok) => {
          this.#setReady(container, ok);
          return false;
        });
      }
    } catch (error) {
      if (!this.#ended.signal.aborted) throw error;
    }
  }

  /** Probes with the probe's period until `isDone` says so of its state. Rejects when the pod ends. */
  async #probeUntil(
    container: Container,
    probe: Probe,
    isDone: (isPassing: boolean) => boolean,
  ): Promise<void> {
    const { signal } = this.#ended;
    await delay((probe.initialDelaySeconds ?? 0) * 1000, undefined, { signal });
    const state = new ProbeState(probe);
    for (;;) {
      state.record(await probeOnce(probe, container, this.address));
      signal.throwIfAborted();
      if (isDone(state.isPassing)) return;
      await delay((probe.periodSeconds ?? 10) * 1000, undefined, { signal });
    }
  }

  #setReady(container: Container, isReady: boolean): void {
    if (this.#terminating && isReady) return;
    if (this.#readiness.get(container) === isReady) return;
    this.#readiness.set(container, isReady);
    this.#report();
  }

  /** Status patches leave one after the other, each with what holds when it leaves. */
  #report(): void {
    this.#reporting = this.#reporting.then(() =>
      this.#untilAccepted(() =>
        this.#api.patch(
          `${podPath(this.#pod)}/status`,
          { status: this.#status() },
          'strategic-merge',
        ),
      ),
    );
  }

  async #untilAccepted(call: () => Promise<void>): Promise<void> {
    while (!this.#abandoned.signal.aborted) {
      try {
        await call();
        return;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return; // the pod is gone
      }
      await delay(RETRY_MS);
    }
  }

  #status(): object {
    const isReady = [...this.#readiness.values()].every(Boolean);
    const condition = (type: string, holds: boolean): object => ({
      type,
      status: holds ? 'True' : 'False',
      lastTransitionTime: new Date().toISOString(),
    });
    return {
      phase: 'Running',
      podIP: this.address,
      podIPs: [{ ip: this.address }],
      startTime: this.#startedAt,
      conditions: [
        condition('PodScheduled', true),
        condition('Initialized', true),
        condition('ContainersReady', isReady),
        condition('Ready', isReady),
      ],
      containerStatuses: [...this.#readiness].map(([{ name, image }, ready]) => ({
        name,
        image,
        imageID: image,
        ready,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: this.#startedAt } },
      })),
    };
  }
}
