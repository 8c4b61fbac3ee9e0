import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { connect, type ClientHttp2Session } from 'node:http2';
import { test, type TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { startUpstream } from '../blackbox/harness/upstream.ts';
import { startProduct, type Product } from './harness/product.ts';
import { startSteadyLoad } from './harness/steady-load.ts';

const SLOW_MS = 10_000;
const SLOW_REQUESTS = 50;
const SOCKETS = 20;
const PER_SECOND = 500;
/** Clients of HTTP/2 beside those of HTTP/1.1. */
const SESSIONS = 5;
const HTTP2_PER_SECOND = 200;
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
  const loads = [
    startSteadyLoad(t, { port: product.httpPort, perSecond: PER_SECOND }),
    startSteadyLoad(t, { port: product.httpsPort, perSecond: HTTP2_PER_SECOND, protocol: 'h2' }),
  ];
  const clients = await openSockets(t, product, SOCKETS);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const slow = Array.from({ length: SLOW_REQUESTS }, () => ask(product, '/slow'));
  const sessions = Array.from({ length: SESSIONS }, () => openSession(t, product));
  const goaways = sessions.map(goawayOf);
  const slowStreams = sessions.flatMap((session) =>
    Array.from({ length: SLOW_REQUESTS / SESSIONS }, () => askOn(session, '/slow')),
  );
  await new Promise((resolve) => setTimeout(resolve, 500));

  product.kill('SIGTERM');
  const signalled = performance.now();
  await untilUnready(product);
  const unreadyMs = performance.now() - signalled;
  await new Promise((resolve) => setTimeout(resolve, NOTICE_MS));
  const results = await Promise.all(loads.map((load) => load.stop()));
  assert.deepEqual(await Promise.all(slow), Array(SLOW_REQUESTS).fill('200 slow'));
  assert.deepEqual(await Promise.all(slowStreams), Array(SLOW_REQUESTS).fill('200 slow'));
  assert.deepEqual(await Promise.all(goaways), Array(SESSIONS).fill(0));
  for (const client of clients) assert.equal(await echo(client, 'still here'), 'still here');

  const codes = await Promise.all(clients.map(close));
  const lastEnded = performance.now();
  const { code, stderr } = await product.ended();
  const exitMs = performance.now() - lastEnded;
  const requests = results.map((result) => result.requests);
  t.diagnostic(
    `${requests.join(' + ')} requests beside them, unready after ${unreadyMs.toFixed(0)} ms`,
  );
  t.diagnostic(`exit ${exitMs.toFixed(0)} ms after the last`);
  for (const { failures } of results) assert.deepEqual([...failures], []);
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

function openSession(t: TestContext, { httpsPort }: Product): ClientHttp2Session {
  const session = connect(`https://127.0.0.1:${httpsPort}`, { rejectUnauthorized: false });
  session.on('error', () => undefined);
  t.after(() => {
    session.destroy();
  });
  return session;
}

/** Code of the first GOAWAY. */
function goawayOf(session: ClientHttp2Session): Promise<number> {
  return new Promise((resolve) => {
    session.once('goaway', resolve);
    session.once('close', () => {
      resolve(-1);
    });
  });
}

function askOn(session: ClientHttp2Session, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const stream = session.request({ ':path': path });
  let text = '';
  let status = 0;
  stream.on('response', (head) => (status = head[':status'] ?? 0));
  stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  stream.on('error', reject);
  stream.on('close', () => {
    resolve(`${status} ${text}`);
  });
  return promise;
}

async function untilUnready(product: Product): Promise<void> {
  for (let round = 0; round < 1_000; round++) {
    if ((await product.adminStatus('/readyz')) !== 200) return;
  }
  assert.fail('still ready');
}
