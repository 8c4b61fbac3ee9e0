/** Requests at a steady rate, whatever becomes of those before (so that a stall shows in the latencies). */
import { Agent, request } from 'node:http';
import type { TestContext } from 'node:test';

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

export interface LoadOptions {
  readonly port: number;
  readonly perSecond: number;
  readonly path?: string;
  /** Default: none, and so a GET. */
  readonly body?: Buffer;
  readonly maxSockets?: number;
}

const TICK_MS = 10;
const LONGEST_MS = 30_000;

export function startSteadyLoad(t: Pick<TestContext, 'after'>, options: LoadOptions): SteadyLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: options.maxSockets ?? 100 });
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
      send(agent, options, (fault) => {
        finish(fault, startedAt);
      });
    }
  }, TICK_MS);
  t.after(() => {
    clearInterval(timer);
    agent.destroy();
  });
  return {
    async stop() {
      clearInterval(timer);
      isStopped = true;
      if (open > 0) await idle.promise;
      agent.destroy();
      latencies.sort((a, b) => a - b);
      return {
        requests: sent,
        failures,
        percentile: (share) => latencies[Math.floor((latencies.length - 1) * share)] ?? 0,
      };
    },
  };
}

function send(agent: Agent, options: LoadOptions, done: (fault: string | undefined) => void): void {
  const { port, path = '/', body } = options;
  let isDone = false;
  const once = (fault: string | undefined): void => {
    if (isDone) return;
    isDone = true;
    done(fault);
  };
  const sending = request(
    { host: '127.0.0.1', port, path, agent, method: body === undefined ? 'GET' : 'POST' },
    (response) => {
      response.resume();
      response.on('end', () => {
        once(response.statusCode === 200 ? undefined : String(response.statusCode));
      });
      response.on('error', () => {
        once('cut');
      });
    },
  );
  sending.setTimeout(LONGEST_MS, () => sending.destroy(new Error('silence')));
  sending.on('error', (error: NodeJS.ErrnoException) => {
    // A kept connection that closes as a request is sent on it: any client of HTTP asks again (RFC 9110 9.2.2).
    const isRace = sending.reusedSocket && error.code === 'ECONNRESET';
    if (isRace && body === undefined) send(agent, options, once);
    else once(error.code ?? error.message);
  });
  sending.end(body);
}
