import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startUpstream } from '../blackbox/harness/upstream.ts';
import { Child } from '../process/child.ts';
import { startProduct } from './harness/product.ts';
import { startSteadyLoad } from './harness/steady-load.ts';

const CONNECTIONS = 10_000;
const MEBIBYTE = 1024 * 1024;
const MAX_GROWTH = 150 * MEBIBYTE;

for (const protocol of ['http/1.1', 'h2'] as const) {
  test(`10,000 idle connections of ${protocol} cost little, and others are served`, async (t) => {
    const upstream = await startUpstream(t, (_request, response) => response.end('hello'));
    const product = await startProduct(t, {
      endpoints: [upstream.port],
      settings: { 'max-worker-connections': String(CONNECTIONS) },
    });
    // What the first thousand requests make once is not what connections cost.
    const warmUp = startSteadyLoad(t, { port: product.httpPort, perSecond: 500 });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await warmUp.stop();
    const before = await product.residentBytes();

    const script = join(import.meta.dirname, 'harness/idle-clients.ts');
    const args = [script, String(product.httpPort), String(CONNECTIONS), protocol];
    const clients = new Child(t, process.execPath, args, {});
    await clients.printed(new RegExp(`open ${CONNECTIONS}`));
    const active = await product.metric(
      'nginx_ingress_controller_nginx_process_connections',
      'state="active"',
    );
    t.diagnostic(`connections by the metric: ${active}`);

    const load = startSteadyLoad(t, { port: product.httpPort, perSecond: 200 });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const { requests, failures, percentile } = await load.stop();
    const growth = (await product.residentBytes()) - before;
    const mebibytes = (growth / MEBIBYTE).toFixed(0);
    t.diagnostic(`memory: ${(before / MEBIBYTE).toFixed(0)} MiB empty, ${mebibytes} MiB more`);
    t.diagnostic(`beside them: ${requests} requests, p99 ${percentile(0.99).toFixed(1)} ms`);
    assert.deepEqual([...failures], []);
    assert.doesNotMatch(clients.stdout, /closed/);
    assert.ok(growth <= MAX_GROWTH, `${mebibytes} MiB`);
  });
}
