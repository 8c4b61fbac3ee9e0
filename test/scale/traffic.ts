import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { request, type Target } from '../cluster/harness/wire.ts';

/** Kept connections: the kernel spreads them over the workers. */
const CONNECTIONS = 4;
const PAUSE_MS = 10;

/** A little traffic, of which each request is timed. */
export class Traffic {
  readonly #tookMs: number[] = [];
  readonly #clients: readonly Promise<void>[];
  #isStopping = false;
  #failure: unknown;

  constructor(target: Target) {
    this.#clients = Array.from({ length: CONNECTIONS }, () => this.#run(target));
  }

  /** Resolves with the milliseconds that each request took; rejects where one was not answered with 200. */
  async stop(): Promise<readonly number[]> {
    this.#isStopping = true;
    await Promise.all(this.#clients);
    if (this.#failure !== undefined) throw new Error('a request failed', { cause: this.#failure });
    return this.#tookMs;
  }

  async #run(target: Target): Promise<void> {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    try {
      while (!this.#isStopping) {
        const startedAt = performance.now();
        const { status } = await request({ ...target, agent });
        this.#tookMs.push(performance.now() - startedAt);
        if (status !== 200) throw new Error(`answered ${status}`);
        await delay(PAUSE_MS);
      }
    } catch (error) {
      this.#failure = error; // whoever stops it hears of it
    } finally {
      agent.destroy();
    }
  }
}
