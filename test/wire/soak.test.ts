/**
 * A long stay under load: SOAK_MINUTES (default 1; 20 before a release). Memory and descriptors come to rest. In so short a
 * time as a minute the collector's own rhythm is larger than any leak: there memory may not grow by more than it.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { startUpstream } from '../blackbox/harness/upstream.ts';
import { CLIENT_PREFACE } from '../../src/dataplane/http2/frames.ts';
import { data, headers, request, settings } from '../http2/frame-client.ts';
import { startProduct, type Product } from './harness/product.ts';
import { startSteadyLoad } from './harness/steady-load.ts';

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? '1');
const LONG_MINUTES = 10;
const MEBIBYTE = 1024 * 1024;
const SAMPLE_MS = 1_000;
/** Of the time, at the beginning: caches fill, code is compiled. */
const WARM_UP = 0.3;
const MAX_SLOPE = MEBIBYTE;
const MAX_SHORT_GROWTH = 40 * MEBIBYTE;
const LONGEST_REST_MS = 30_000;
const HALF_REQUESTS = [
  'POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\n12345',
  Buffer.concat([
    Buffer.from(CLIENT_PREFACE, 'latin1'),
    settings(),
    headers(1, request('POST', '/', ['content-length', '10']), false),
    data(1, '12345'),
  ]),
];

test(
  'memory and descriptors stay, under load of HTTP/1.1 and HTTP/2',
  { timeout: (MINUTES + 2) * 60_000 },
  async (t) => {
    const upstream = await startUpstream(t, (request, response) => {
      request.resume();
      request.on('end', () => response.end('x'.repeat(4_096)));
      request.on('error', () => undefined);
    });
    const product = await startProduct(t, {
      endpoints: [upstream.port],
      settings: { 'upstream-keepalive-timeout': '1' },
    });
    const descriptors = await product.openDescriptors();
    const body = Buffer.alloc(20_000);
    const overHttp2 = { port: product.httpsPort, protocol: 'h2' } as const;
    const loads = [
      startSteadyLoad(t, { port: product.httpPort, perSecond: 300 }),
      startSteadyLoad(t, { port: product.httpPort, perSecond: 40, body }),
      startSteadyLoad(t, { ...overHttp2, perSecond: 100 }),
      startSteadyLoad(t, { ...overHttp2, perSecond: 20, body }),
    ];
    const rude = setInterval(() => {
      for (const words of HALF_REQUESTS) leaveEarly(product.httpPort, words);
    }, 100);
    t.after(() => {
      clearInterval(rude);
    });
    const samples = await sample(product, MINUTES * 60_000);
    clearInterval(rude);
    const results = await Promise.all(loads.map((load) => load.stop()));
    for (const { failures } of results) assert.deepEqual([...failures], []);
    const requests = results.reduce((sum, result) => sum + result.requests, 0);

    const settled = samples.slice(Math.floor(samples.length * WARM_UP));
    const slope = slopeOf(settled) * (60_000 / SAMPLE_MS);
    const growth = mean(settled.slice(-10)) - mean(settled.slice(0, 10));
    t.diagnostic(`${MINUTES} min, ${requests} requests`);
    t.diagnostic(
      `memory: ${mib(mean(settled))} MiB, ${mib(slope)} MiB/min, ${mib(growth)} MiB more`,
    );
    if (MINUTES >= LONG_MINUTES) assert.ok(slope < MAX_SLOPE, `${mib(slope)} MiB/min`);
    else assert.ok(growth < MAX_SHORT_GROWTH, `${mib(growth)} MiB`);
    await assertDescriptors(t, product, descriptors);
  },
);

function leaveEarly(port: number, words: string | Buffer): void {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(words, () => {
    socket.resetAndDestroy();
  });
}

async function sample(product: Product, ms: number): Promise<number[]> {
  const samples: number[] = [];
  const until = performance.now() + ms;
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    samples.push(await product.residentBytes());
  }
  return samples;
}

/** By least squares, of one sample to the next. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const level = mean(values);
  let above = 0;
  let below = 0;
  for (const [at, value] of values.entries()) {
    above += (at - middle) * (value - level);
    below += (at - middle) ** 2;
  }
  return above / below;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function mib(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(1);
}

/** Connections that are kept to the endpoint time out; then as many are open as before. */
async function assertDescriptors(t: TestContext, product: Product, before: number): Promise<void> {
  let open = Infinity;
  const until = performance.now() + LONGEST_REST_MS;
  while (open > before && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    open = await product.openDescriptors();
  }
  t.diagnostic(`descriptors: ${before} before, ${open} after`);
  assert.ok(open <= before, `${open} descriptors, ${before} before`);
}
