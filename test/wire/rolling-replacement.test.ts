/** Ten endpoints are replaced one by one, five times over, under 500 requests a second: nobody notices. */
import assert from 'node:assert/strict';
import { Agent, request, type Server } from 'node:http';
import type { Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Endpoint } from '../../src/model/config.ts';
import { startProxy, type RunningProxy } from '../blackbox/harness/start-proxy.ts';
import { startUpstream } from '../blackbox/harness/upstream.ts';

const ENDPOINTS = 10;
const ROUNDS = 5;
const REQUESTS_PER_SECOND = 500;
const TICK_MS = 20;
/** How long an endpoint takes for an answer. */
const ANSWER_MS = 15;
/** How much later one side learns what the other knows. */
const LATE_MS = 30;

interface Pod {
  readonly endpoint: Endpoint;
  readonly server: Server;
  readonly sockets: ReadonlySet<Socket>;
}

async function startPod(t: TestContext): Promise<Pod> {
  const sockets = new Set<Socket>();
  const { endpoint, server } = await startUpstream(t, (incoming, response) => {
    incoming.resume();
    setTimeout(() => response.end('ok'), ANSWER_MS);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  return { endpoint, server, sockets };
}

/** Finishes what runs, and takes nothing more. */
function drain({ server }: Pod): void {
  server.close();
  server.closeIdleConnections();
}

/** As with SIGKILL. */
function kill({ server, sockets }: Pod): void {
  server.close();
  for (const socket of sockets) socket.resetAndDestroy();
}

interface Load {
  readonly outcomes: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** Requests at a steady rate, until stopped. */
function startLoad(proxy: RunningProxy, method: (index: number) => string): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 100 });
  const outcomes = new Map<string, number>();
  const running = new Set<Promise<string>>();
  let sent = 0;
  const timer = setInterval(() => {
    for (let count = 0; count < (REQUESTS_PER_SECOND * TICK_MS) / 1_000; count++) {
      const exchange = ask(agent, proxy.httpPort, method(sent++));
      running.add(exchange);
      void exchange.then((outcome) => {
        running.delete(exchange);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      });
    }
  }, TICK_MS);
  return {
    outcomes,
    async stop() {
      clearInterval(timer);
      await Promise.all(running);
      agent.destroy();
    },
  };
}

/** `200`, or what happened instead. */
function ask(agent: Agent, port: number, method: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const options = { agent, port, host: '127.0.0.1', method, headers: { host: 'app.test' } };
  const outgoing = request(options, (response) => {
    response.resume();
    response.on('end', () => {
      resolve(String(response.statusCode));
    });
    response.on('error', () => {
      resolve(`${method} cut`);
    });
  });
  outgoing.on('error', (error) => {
    resolve(`${method} ${error.message}`);
  });
  outgoing.end(method === 'POST' ? 'body' : undefined);
  return promise;
}

const mixed = (index: number): string => (index % 4 === 0 ? 'POST' : 'GET');

for (const { name, method, replace } of [
  {
    name: 'endpoints that drain after they were taken out',
    method: mixed,
    replace: async (old: Pod, takeOut: () => void) => {
      takeOut();
      await sleep(LATE_MS);
      drain(old);
    },
  },
  {
    name: 'endpoints that drain before they are taken out',
    method: () => 'GET',
    replace: async (old: Pod, takeOut: () => void) => {
      drain(old);
      await sleep(LATE_MS);
      takeOut();
    },
  },
  {
    name: 'endpoints that are killed before they are taken out',
    method: () => 'GET',
    replace: async (old: Pod, takeOut: () => void) => {
      kill(old);
      await sleep(LATE_MS);
      takeOut();
    },
  },
]) {
  test(`rolling replacement: ${name}`, { timeout: 60_000 }, async (t) => {
    let pods = await Promise.all(Array.from({ length: ENDPOINTS }, () => startPod(t)));
    const upstreams = (): Endpoint[] => pods.map(({ endpoint }) => endpoint);
    const proxy = await startProxy(t, { upstreams: upstreams() });
    const load = startLoad(proxy, method);
    for (let replaced = 0; replaced < ENDPOINTS * ROUNDS; replaced++) {
      const fresh = await startPod(t);
      const [old] = pods;
      assert.ok(old);
      pods = [...pods, fresh];
      proxy.apply({ upstreams: upstreams() });
      await sleep(LATE_MS);
      await replace(old, () => {
        pods = pods.slice(1);
        proxy.apply({ upstreams: upstreams() });
      });
    }
    await load.stop();
    t.diagnostic(JSON.stringify(Object.fromEntries(load.outcomes)));
    assert.deepEqual([...load.outcomes.keys()], ['200']);
    const retried = proxy.records.filter(({ attempts }) => attempts.length > 1).length;
    t.diagnostic(`${retried} of ${proxy.records.length} took another attempt`);
    assert.ok(proxy.records.length > 1_000, `${proxy.records.length} requests`);
  });
}
