import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { serialize } from 'node:v8';
import type { ProxyConfig, VirtualHost } from '../../src/model/config.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { defaultBuckets } from '../../src/observability/series-layout.ts';
import type { StatsReport } from '../../src/observability/worker-stats.ts';
import type { BoundPorts, ToWorker } from '../../src/workers/messages.ts';
import { startThread, type WorkerLink } from '../../src/workers/worker-link.ts';
import { WorkerPool, type WorkerPoolEvents } from '../../src/workers/worker-pool.ts';
import { buildConfig } from '../blackbox/harness/start-proxy.ts';
import { startUpstream } from '../blackbox/harness/upstream.ts';

/** Everything that a pool did, awaitable: each list is appended to, `until` waits for a condition on them. */
class PoolDiary implements WorkerPoolEvents {
  readonly propagated: number[] = [];
  readonly died: number[] = [];
  readonly refused: number[] = [];
  readonly stats: StatsReport[] = [];
  ports: BoundPorts | undefined;
  listenFailure: string | undefined;
  #waiters: (() => void)[] = [];

  onStats(_worker: number, report: StatsReport): void {
    this.stats.push(report);
    this.#wake();
  }
  onPropagated(version: number): void {
    this.propagated.push(version);
    this.#wake();
  }
  onServing(ports: BoundPorts): void {
    this.ports = ports;
    this.#wake();
  }
  onListenFailed(reason: string): void {
    this.listenFailure = reason;
    this.#wake();
  }
  onWorkerDied(index: number): void {
    this.died.push(index);
    this.#wake();
  }
  onConfigRefused(version: number): void {
    this.refused.push(version);
    this.#wake();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }
}

interface StartedPool {
  readonly pool: WorkerPool;
  readonly diary: PoolDiary;
  /** By worker, the one started last at the end. */
  readonly links: WorkerLink[];
  readonly sent: ToWorker[];
}

function startPool(t: TestContext, workers: number): StartedPool {
  const diary = new PoolDiary();
  const links: WorkerLink[] = [];
  const sent: ToWorker[] = [];
  const pool = new WorkerPool(
    {
      workers,
      httpPort: 0,
      httpsPort: 'off',
      worker: {
        bind: '127.0.0.1',
        logLevel: 'error',
        stats: { perRoute: true, buckets: defaultBuckets },
      },
      ...(workers === 0
        ? {}
        : {
            startLink: (options, events) => {
              const link = startThread(options, events);
              links.push(link);
              return {
                send: (message) => {
                  sent.push(message);
                  link.send(message);
                },
                terminate: () => link.terminate(),
              };
            },
          }),
    },
    diary,
    createLogger({ level: 'silent', destinationFd: 2 }),
  );
  t.after(async () => pool.drain(0));
  pool.start();
  return { pool, diary, links, sent };
}

const quiet = { accessLog: { kind: 'off' } } as const;

async function get(port: number | undefined, host: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: port ?? 0 });
  socket.setEncoding('latin1');
  let text = '';
  socket.on('data', (chunk) => (text += String(chunk)));
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  await once(socket, 'close');
  return text;
}

function bodyOf(answer: string): string {
  return answer.slice(answer.lastIndexOf('\n') + 1);
}

for (const workers of [0, 1, 3]) {
  test(`${workers} workers serve nothing before the first config, and then all of it`, async (t) => {
    const upstream = await startUpstream(t, (_request, response) => response.end('hello'));
    const { pool, diary } = startPool(t, workers);
    assert.equal(pool.missing().length, Math.max(1, workers));
    assert.deepEqual([diary.ports, diary.listenFailure], [undefined, undefined]);
    pool.publish(buildConfig({ upstreams: [upstream.endpoint], settings: quiet }));
    await diary.until(() => diary.ports !== undefined);
    assert.deepEqual(pool.missing(), []);
    assert.match(await get(diary.ports?.httpPort, 'app.test'), /^HTTP\/1\.1 200 [^]*hello$/);
    assert.match(await get(diary.ports?.httpPort, 'other.test'), /^HTTP\/1\.1 404 /);
    assert.deepEqual(diary.propagated, [1]);
  });
}

test('every worker knows a client’s endpoint, the one that takes another’s place, too', async (t) => {
  const balancer = { kind: 'client-affinity', service: 'web', timeoutSeconds: 600 } as const;
  const upstreams = await Promise.all(
    ['first', 'second', 'third', 'fourth'].map(
      async (name) => (await startUpstream(t, (_request, response) => response.end(name))).endpoint,
    ),
  );
  const { pool, diary, links } = startPool(t, 3);
  // The one that the address leads to once there are four must not be the one that the client begins with.
  const begin = async (count: number): Promise<string> => {
    pool.publish(buildConfig({ upstreams: upstreams.slice(0, count), balancer, settings: quiet }));
    await diary.until(() => diary.ports !== undefined && diary.propagated.at(-1) === pool.version);
    return bodyOf(await get(diary.ports?.httpPort, 'app.test'));
  };
  const first = await begin(1);
  assert.equal(first, 'first');
  pool.publish(buildConfig({ upstreams, balancer, settings: quiet }));
  await diary.until(() => diary.propagated.at(-1) === pool.version);
  // So many connections that each worker has some of them.
  for (let n = 0; n < 30; n++) {
    assert.equal(bodyOf(await get(diary.ports?.httpPort, 'app.test')), first);
  }
  await links[0]?.terminate();
  await diary.until(() => diary.died.length === 1);
  for (let n = 0; n < 10; n++) {
    assert.equal(bodyOf(await get(diary.ports?.httpPort, 'app.test')), first);
  }
});

test('a change is acknowledged by every worker, and an equal config is no change', async (t) => {
  const { pool, diary } = startPool(t, 2);
  const first = buildConfig({ settings: quiet });
  assert.equal(pool.publish(first), 1);
  await diary.until(() => diary.ports !== undefined);
  assert.equal(pool.publish({ ...first }), 1);
  const renamed = buildConfig({ virtualHosts: [{ name: 'new.test' }], settings: quiet });
  assert.equal(pool.publish(renamed), 2);
  await diary.until(() => diary.propagated.includes(2));
  assert.match(await get(diary.ports?.httpPort, 'app.test'), / 404 /);
  assert.match(await get(diary.ports?.httpPort, 'new.test'), / 503 /);
});

test('one host among a thousand changes: no other host and under 16 KiB travel', async (t) => {
  const { pool, diary, sent } = startPool(t, 2);
  const base = buildConfig({
    virtualHosts: Array.from({ length: 1_000 }, (_, index) => ({ name: `h${index}.test` })),
    settings: quiet,
  });
  pool.publish(base);
  await diary.until(() => diary.ports !== undefined);
  sent.length = 0;
  const changed = { ...base.virtualHosts.get('h500.test'), aliases: ['alias.test'] } as VirtualHost;
  const next: ProxyConfig = {
    ...base,
    virtualHosts: new Map(base.virtualHosts).set('h500.test', changed),
  };
  pool.publish(next);
  await diary.until(() => diary.propagated.includes(2));
  const deltas = sent.filter((message) => message.kind === 'delta');
  assert.equal(deltas.length, 2);
  for (const { delta } of deltas) {
    assert.deepEqual(delta.virtualHosts.set, [changed]);
    assert.equal(delta.settings, undefined);
    assert.ok(serialize(delta).length < 16 * 1_024);
  }
});

test('a worker that dies is replaced and gets the whole config, while the others serve', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('hello'));
  const { pool, diary, links } = startPool(t, 2);
  const base = buildConfig({ upstreams: [upstream.endpoint], settings: quiet });
  pool.publish(base);
  await diary.until(() => diary.ports !== undefined);
  const diedAt = performance.now();
  await links[0]?.terminate();
  await diary.until(() => diary.died.length === 1);
  while (pool.states().some(({ state }) => state !== 'serving')) {
    assert.ok(performance.now() - diedAt < 5_000, 'no replacement');
    assert.match(await get(diary.ports?.httpPort, 'app.test'), / 200 /);
  }
  assert.equal(links.length, 3);
  for (let count = 0; count < 20; count += 1) {
    assert.match(await get(diary.ports?.httpPort, 'app.test'), / 200 /);
  }
});

test('a delta that can not be compiled is refused, the table before it serves on, and the next one heals', async (t) => {
  const { pool, diary } = startPool(t, 1);
  const good = buildConfig({ settings: quiet });
  pool.publish(good);
  await diary.until(() => diary.ports !== undefined);
  const broken = { name: 'app.test', routes: undefined } as unknown as VirtualHost;
  pool.publish({
    ...good,
    virtualHosts: new Map([
      ['app.test', broken],
      ['more.test', { ...good.virtualHosts.get('app.test'), name: 'more.test' } as VirtualHost],
    ]),
  });
  await diary.until(() => diary.refused.length === 1);
  assert.match(await get(diary.ports?.httpPort, 'app.test'), / 503 /);
  pool.publish(buildConfig({ virtualHosts: [{ name: 'healed.test' }], settings: quiet }));
  await diary.until(() => diary.propagated.includes(3));
  assert.match(await get(diary.ports?.httpPort, 'healed.test'), / 503 /);
  assert.match(await get(diary.ports?.httpPort, 'app.test'), / 404 /);
});

test('counters arrive when they are asked for', async (t) => {
  const { pool, diary } = startPool(t, 2);
  pool.publish(buildConfig({ settings: quiet }));
  await diary.until(() => diary.ports !== undefined);
  await get(diary.ports?.httpPort, 'app.test');
  await pool.takeStats();
  const finished = diary.stats.reduce((sum, report) => sum + report.exchangesFinished, 0);
  assert.equal(finished, 1);
});

test('a drain ends when nothing is under way, and takes the ports with it', async (t) => {
  const { pool, diary } = startPool(t, 2);
  pool.publish(buildConfig({ settings: quiet }));
  await diary.until(() => diary.ports !== undefined);
  await pool.drain(10_000);
  const socket = connect({ host: '127.0.0.1', port: diary.ports?.httpPort ?? 0 });
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
});

test('every worker gets the secret of session tickets, the one that takes another’s place, too', async (t) => {
  const { pool, diary, links, sent } = startPool(t, 2);
  const secrets = (): readonly Uint8Array[] =>
    sent.flatMap((message) => (message.kind === 'ticket-secret' ? [message.secret] : []));
  pool.publish(buildConfig({ settings: quiet }));
  await diary.until(() => diary.ports !== undefined);
  const secret = new Uint8Array([1, 2, 3]);
  pool.setTicketSecret(secret);
  assert.deepEqual(secrets(), [secret, secret]);
  await links[0]?.terminate();
  await diary.until(() => diary.died.length > 0);
  const diedAt = performance.now();
  while (pool.states().some(({ state }) => state !== 'serving')) {
    assert.ok(performance.now() - diedAt < 10_000, 'no replacement');
    await pool.takeStats();
  }
  assert.deepEqual(secrets(), [secret, secret, secret]);
});
