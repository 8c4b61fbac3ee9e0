import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Child } from '../process/child.ts';
import { loadFromProcess, type LoadSummary } from './harness/load-process.ts';
import { startProduct, type Product } from './harness/product.ts';

/** Of each kind. */
const CLIENTS = 1_000;
const ATTACK_SECONDS = 40;
const SETTLE_MS = 4_000;
const PER_SECOND = 200;
const MEASURED_MS = 8_000;
/** Three times a fast machine's p99 is less than another's hiccup. */
const LEAST_ALLOWED_MS = 250;

const skip =
  spawnSync('slowhttptest', ['-h']).error === undefined ? false : 'slowhttptest is not installed';

/**
 * Three thousand slow clients cost this machine, too: they are its own processes. So the measure is not an idle machine but
 * the same attack upon another instance, and what is compared is what holding these clients costs the good ones.
 */
test(
  'a thousand slow clients of each kind at once leave good requests alone',
  { skip },
  async (t) => {
    const endpoint = await startEndpoint(t);
    const product = await startProduct(t, { endpoints: [endpoint] });
    const decoy = await startProduct(t, { endpoints: [endpoint] });
    const load = { port: product.httpPort, perSecond: PER_SECOND, forMs: MEASURED_MS };
    tell('quiet', await loadFromProcess(t, { ...load, forMs: 5_000 }));

    const before = await attack(t, decoy);
    const elsewhere = await loadFromProcess(t, load);
    tell('another instance attacked', elsewhere);
    await before.stop();

    const residentBytes = await product.residentBytes();
    const present = await attack(t, product);
    const attacked = await loadFromProcess(t, load);
    const open = await openConnections(product);
    const growth = (await product.residentBytes()) - residentBytes;
    await present.stop();
    tell('attacked', attacked);
    t.diagnostic(`${open} connections, ${(growth / 1024 / 1024).toFixed(0)} MiB more`);

    assert.deepEqual([...elsewhere.failures, ...attacked.failures], []);
    assert.ok(open >= 2.5 * CLIENTS, `the attack held ${open} connections alone`);
    const allowedMs = Math.max(3 * elsewhere.p99Ms, LEAST_ALLOWED_MS);
    assert.ok(attacked.p99Ms <= allowedMs, `p99 ${attacked.p99Ms} ms`);

    function tell(when: string, { requests, p50Ms, p99Ms }: LoadSummary): void {
      const [half, most] = [p50Ms, p99Ms].map((ms) => ms.toFixed(1));
      t.diagnostic(`${when}: ${requests} requests, p50 ${half} ms, p99 ${most} ms`);
    }
  },
);

/** Those who send fall silent when all is measured; who takes nothing has the 60 s of `send_timeout`, which no key changes. */
const HTTP2_SETTINGS = {
  'client-header-timeout': '30',
  'client-body-timeout': '10',
  'keep-alive': '2',
};
const HTTP2_LIMITS = ['request-head-timeout', 'request-body-timeout', 'slow-client'];
const HTTP2_MEASURED_MS = 6_000;
const HTTP2_ENDED_WITHIN_MS = 80_000;

/** The measure is another instance, while the same clients are held by the one. */
test('a thousand slow clients of each kind over HTTP/2 leave good requests alone', async (t) => {
  const options = { endpoints: [await startEndpoint(t)], settings: HTTP2_SETTINGS };
  const product = await startProduct(t, options);
  const other = await startProduct(t, options);
  const load = { perSecond: PER_SECOND, forMs: HTTP2_MEASURED_MS };
  const warmUps = [product, other].map(({ httpPort }) =>
    loadFromProcess(t, { ...load, port: httpPort, forMs: 2_000 }),
  );
  await Promise.all(warmUps);

  const residentBytes = await product.residentBytes();
  const script = join(import.meta.dirname, 'harness/slow-http2-clients.ts');
  const args = [process.execPath, script, String(product.httpPort), String(CLIENTS)];
  const clients = new Child(t, 'nice', ['-n', '19', ...args], {});
  await clients.printed(/^open /m);
  const attacked = await loadFromProcess(t, { ...load, port: product.httpPort });
  const elsewhere = await loadFromProcess(t, { ...load, port: other.httpPort });
  const open = await openConnections(product);
  const growth = (await product.residentBytes()) - residentBytes;
  clients.type('enough\n');
  for (const [when, { requests, p50Ms, p99Ms }] of Object.entries({ attacked, elsewhere })) {
    const [half, most] = [p50Ms, p99Ms].map((ms) => ms.toFixed(1));
    t.diagnostic(`${when}: ${requests} requests, p50 ${half} ms, p99 ${most} ms`);
  }
  t.diagnostic(`${open} connections, ${(growth / 1024 / 1024).toFixed(0)} MiB more`);

  assert.deepEqual([...elsewhere.failures, ...attacked.failures], []);
  assert.ok(open >= 3 * CLIENTS, `${open} connections are held`);
  const allowedMs = Math.max(3 * elsewhere.p99Ms, LEAST_ALLOWED_MS);
  assert.ok(attacked.p99Ms <= allowedMs, `p99 ${attacked.p99Ms} ms`);
  await clients.printed(/^closed$/m, 'stdout', HTTP2_ENDED_WITHIN_MS);
  for (const limit of HTTP2_LIMITS) {
    assert.equal(await product.metric('ts_nginx_limits_tripped_total', `"${limit}"`), CLIENTS);
  }
});

async function startEndpoint(t: TestContext): Promise<number> {
  const main = join(import.meta.dirname, 'harness/page-upstream-main.ts');
  const child = new Child(t, process.execPath, [main], {});
  const [, port] = await child.printed(/^port (\d+)$/m);
  return Number(port);
}

/** Resolves when all of them are there: what is measured is to hold them, not the rush of their coming. */
async function attack(t: TestContext, target: Product): Promise<{ stop(): Promise<void> }> {
  const url = `http://127.0.0.1:${target.httpPort}`;
  const common = ['-c', String(CLIENTS), '-r', '500', '-l', String(ATTACK_SECONDS), '-i', '5'];
  const attackers = [
    ['-H', '-u', url],
    ['-B', '-s', '500000', '-u', url],
    ['-X', '-w', '512', '-y', '1024', '-n', '5', '-z', '32', '-u', `${url}/page`],
  ].map((args) => new Child(t, 'nice', ['-n', '19', 'slowhttptest', ...common, ...args], {}));
  await untilOpen(target, 3 * CLIENTS);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return {
    async stop() {
      for (const attacker of attackers) attacker.kill('SIGINT');
      await Promise.all(attackers.map((attacker) => attacker.ended()));
    },
  };
}

function openConnections(product: Product): Promise<number> {
  return product.metric('nginx_ingress_controller_nginx_process_connections', 'state="active"');
}

async function untilOpen(product: Product, count: number): Promise<void> {
  for (let round = 0; round < 40; round++) {
    if ((await openConnections(product)) >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  assert.fail(`not ${count} connections in 20 s`);
}
