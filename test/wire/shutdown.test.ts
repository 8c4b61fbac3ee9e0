import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { test, type TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { startUpstream } from '../blackbox/harness/upstream.ts';
import { startProduct, type Product } from './harness/product.ts';
import { startSteadyLoad } from './harness/steady-load.ts';

const SLOW_MS = 10_000;
const SLOW_REQUESTS = 50;
const SOCKETS = 20;
const PER_SECOND = 500;
/** How long load goes on after the end was announced: what a load balancer needs to notice. */
const NOTICE_MS = 1_500;
const GRACE_SECONDS = 2;

test('SIGTERM under load loses nothing, and the end comes with the last exchange', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    if (request.url === '/slow') setTimeout(() => response.end('slow'), SLOW_MS);
    else response.end('hello');
  });
  const sockets = new WebSocketServer({ server: upstream.server });
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => {
      socket.send(data, { binary: isBinary });
    });
  });
  const product = await startProduct(t, {
    endpoints: [upstream.port],
    flags: [`--shutdown-grace-period=${GRACE_SECONDS}`],
  });
  const load = startSteadyLoad(t, { port: product.httpPort, perSecond: PER_SECOND });
  const clients = await openSockets(t, product, SOCKETS);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const slow = Array.from({ length: SLOW_REQUESTS }, () => ask(product, '/slow'));
  await new Promise((resolve) => setTimeout(resolve, 500));

  product.kill('SIGTERM');
  const signalled = performance.now();
  await untilUnready(product);
  const unreadyMs = performance.now() - signalled;
  await new Promise((resolve) => setTimeout(resolve, NOTICE_MS));
  const { requests, failures } = await load.stop();
  assert.deepEqual(await Promise.all(slow), Array(SLOW_REQUESTS).fill('200 slow'));
  for (const client of clients) assert.equal(await echo(client, 'still here'), 'still here');

  const codes = await Promise.all(clients.map(close));
  const lastEnded = performance.now();
  const { code, stderr } = await product.ended();
  const exitMs = performance.now() - lastEnded;
  t.diagnostic(`${requests} requests beside them, unready after ${unreadyMs.toFixed(0)} ms`);
  t.diagnostic(`exit ${exitMs.toFixed(0)} ms after the last`);
  assert.deepEqual([...failures], []);
  assert.deepEqual(codes, Array(SOCKETS).fill(1000));
  assert.equal(code, 0, stderr);
  assert.ok(unreadyMs < 500, `unready after ${unreadyMs} ms`);
  assert.ok(exitMs <= 1_000, `exit after ${exitMs} ms`);
});

async function openSockets(t: TestContext, product: Product, count: number): Promise<WebSocket[]> {
  const sockets = Array.from(
    { length: count },
    () => new WebSocket(`ws://127.0.0.1:${product.httpPort}/`),
  );
  t.after(() => {
    for (const socket of sockets) socket.terminate();
  });
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  return sockets;
}

async function echo(socket: WebSocket, text: string): Promise<string> {
  const answered = once(socket, 'message', { signal: AbortSignal.timeout(5_000) });
  socket.send(text);
  const [data] = (await answered) as [Buffer];
  return data.toString();
}

async function close(socket: WebSocket): Promise<number> {
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(5_000) });
  socket.close(1000);
  const [code] = (await closed) as [number];
  return code;
}

function ask({ httpPort: port }: Product, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => (text += part));
    response.on('end', () => {
      resolve(`${response.statusCode ?? 0} ${text}`);
    });
    response.on('error', reject);
  });
  request.on('error', reject);
  return promise;
}

async function untilUnready(product: Product): Promise<void> {
  for (let round = 0; round < 1_000; round++) {
    if ((await product.adminStatus('/readyz')) !== 200) return;
  }
  assert.fail('still ready');
}
