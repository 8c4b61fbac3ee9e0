import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { startUpstream } from '../blackbox/harness/upstream.ts';
import { Child } from '../process/child.ts';
import { startProduct, type Product } from './harness/product.ts';
import { startSteadyLoad, type LoadResult } from './harness/steady-load.ts';

/** Of each kind. */
const CLIENTS = 1_000;
const ATTACK_SECONDS = 40;
const SETTLE_MS = 4_000;
const PER_SECOND = 200;
/** Three times a fast machine's p99 is less than another's hiccup. */
const LEAST_ALLOWED_MS = 250;

const skip =
  spawnSync('slowhttptest', ['-h']).error === undefined ? false : 'slowhttptest is not installed';

test(
  'a thousand slow clients of each kind at once leave good requests alone',
  { skip },
  async (t) => {
    const page = Buffer.alloc(512 * 1024, 'x');
    const upstream = await startUpstream(t, (request, response) => {
      request.resume();
      request.on('end', () => response.end(request.url === '/page' ? page : 'hello'));
    });
    const product = await startProduct(t, { endpoints: [upstream.port] });
    const url = `http://127.0.0.1:${product.httpPort}`;
    const quiet = await loadFor(5_000);
    const before = await product.residentBytes();

    const common = ['-c', String(CLIENTS), '-r', '500', '-l', String(ATTACK_SECONDS), '-i', '5'];
    const attacks = [
      ['-H', '-u', url],
      ['-B', '-s', '500000', '-u', url],
      ['-X', '-w', '512', '-y', '1024', '-n', '5', '-z', '32', '-u', `${url}/page`],
    ].map((args) => new Child(t, 'slowhttptest', [...common, ...args], {}));
    // What is measured is to hold them, not the rush of their coming, which shares this machine with its own victims.
    await untilOpen(product, 3 * CLIENTS);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const busy = await loadFor(8_000);
    const open = await openConnections(product);
    const growth = (await product.residentBytes()) - before;
    for (const attack of attacks) attack.kill('SIGINT');

    tell('quiet', quiet);
    tell('under attack', busy);
    t.diagnostic(`${open} connections, ${(growth / 1024 / 1024).toFixed(0)} MiB more`);
    assert.deepEqual([...quiet.failures, ...busy.failures], []);
    const allowedMs = Math.max(3 * quiet.percentile(0.99), LEAST_ALLOWED_MS);
    assert.ok(busy.percentile(0.99) <= allowedMs, `p99 ${busy.percentile(0.99)} ms`);
    assert.ok(open >= 2.5 * CLIENTS, `the attack held ${open} connections alone`);

    async function loadFor(ms: number): Promise<LoadResult> {
      const load = startSteadyLoad(t, { port: product.httpPort, perSecond: PER_SECOND });
      await new Promise((resolve) => setTimeout(resolve, ms));
      return load.stop();
    }
    function tell(when: string, { requests, percentile }: LoadResult): void {
      const [half, most] = [percentile(0.5), percentile(0.99)].map((ms) => ms.toFixed(1));
      t.diagnostic(`${when}: ${requests} requests, p50 ${half} ms, p99 ${most} ms`);
    }
  },
);

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
