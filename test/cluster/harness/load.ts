import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { requestEcho, type Target } from './wire.ts';

export interface LoadReport {
  readonly requests: number;
  /** What went wrong, by its text. */
  readonly failures: ReadonlyMap<string, number>;
  /** Connections that ended while the load was on. */
  readonly closedConnections: number;
}

/**
 * A constant, gentle load: some kept connections, on each one request after another with a pause between. Counts every
 * answer that is not an echo with status 200, and every connection that did not last.
 */
export class KeepAliveLoad {
  readonly #target: Target;
  readonly #pauseMs: number;
  readonly #clients: Promise<void>[] = [];
  readonly #agents: http.Agent[] = [];
  readonly #failures = new Map<string, number>();
  #requests = 0;
  #closedConnections = 0;
  #stopping = false;

  constructor(target: Target, { connections = 4, pauseMs = 20 } = {}) {
    this.#target = target;
    this.#pauseMs = pauseMs;
    for (let i = 0; i < connections; i++) this.#clients.push(this.#run(this.#createAgent()));
  }

  get requests(): number {
    return this.#requests;
  }

  async stop(): Promise<LoadReport> {
    this.#stopping = true;
    await Promise.all(this.#clients);
    for (const agent of this.#agents) agent.destroy();
    return {
      requests: this.#requests,
      failures: this.#failures,
      closedConnections: this.#closedConnections,
    };
  }

  async #run(agent: http.Agent): Promise<void> {
    while (!this.#stopping) {
      this.#requests += 1;
      try {
        await requestEcho({ ...this.#target, agent });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
      }
      await delay(this.#pauseMs);
    }
  }

  /** Holds one connection. */
  #createAgent(): http.Agent {
    const options = { keepAlive: true, maxSockets: 1 };
    const agent =
      this.#target.tls === undefined ? new http.Agent(options) : new https.Agent(options);
    const seen = new WeakSet<Socket>();
    agent.on('free', (socket: Socket) => {
      if (seen.has(socket)) return;
      seen.add(socket);
      socket.once('close', () => {
        if (!this.#stopping) this.#closedConnections += 1;
      });
    });
    this.#agents.push(agent);
    return agent;
  }
}
