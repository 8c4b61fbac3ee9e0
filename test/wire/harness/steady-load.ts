/** Requests at a steady rate, whatever becomes of those before (so that a stall shows in the latencies). */
import type { TestContext } from 'node:test';
import { createHttp1Sender } from './http1-sender.ts';
import { createHttp2Sender } from './http2-sender.ts';

export interface LoadResult {
  readonly requests: number;
  /** What did not end with 200 and its whole body, by what it ended with. */
  readonly failures: ReadonlyMap<string, number>;
  /** Milliseconds. */
  readonly percentile: (share: number) => number;
}

export interface SteadyLoad {
  /** Sends no more; resolves when all have ended. */
  stop(): Promise<LoadResult>;
}

/** How requests are sent. */
export interface Sender {
  /** @param done gets what the request ended with where that was not 200 and its whole body. */
  send(done: (fault: string | undefined) => void): void;
  close(): void;
}

export interface LoadOptions {
  readonly port: number;
  /** `h2`: over TLS. Default: HTTP/1.1 in plaintext. */
  readonly protocol?: 'http/1.1' | 'h2';
  readonly perSecond: number;
  readonly path?: string;
  /** Default: none, and so a GET. */
  readonly body?: Buffer;
  /** Of HTTP/1.1. */
  readonly maxSockets?: number;
}

const TICK_MS = 10;

export function startSteadyLoad(t: Pick<TestContext, 'after'>, options: LoadOptions): SteadyLoad {
  const sender =
    options.protocol === 'h2' ? createHttp2Sender(options) : createHttp1Sender(options);
  const latencies: number[] = [];
  const failures = new Map<string, number>();
  const begun = performance.now();
  let sent = 0;
  let open = 0;
  const idle = Promise.withResolvers<undefined>();
  let isStopped = false;
  const finish = (fault: string | undefined, startedAt: number): void => {
    open -= 1;
    latencies.push(performance.now() - startedAt);
    if (fault !== undefined) failures.set(fault, (failures.get(fault) ?? 0) + 1);
    if (isStopped && open === 0) idle.resolve(undefined);
  };
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - begun) / 1_000) * options.perSecond);
    for (; sent < due; sent++) {
      open += 1;
      const startedAt = performance.now();
      sender.send((fault) => {
        finish(fault, startedAt);
      });
    }
  }, TICK_MS);
  t.after(() => {
    clearInterval(timer);
    sender.close();
  });
  return {
    async stop() {
      clearInterval(timer);
      isStopped = true;
      if (open > 0) await idle.promise;
      sender.close();
      latencies.sort((a, b) => a - b);
      return {
        requests: sent,
        failures,
        percentile: (share) => latencies[Math.floor((latencies.length - 1) * share)] ?? 0,
      };
    },
  };
}
