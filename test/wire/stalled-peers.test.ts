import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { startRawUpstream, startUpstream } from '../blackbox/harness/upstream.ts';
import { startProduct, type Product } from './harness/product.ts';

const PEERS = 200;
const MEBIBYTE = 1024 * 1024;
const MAX_GROWTH = 64 * MEBIBYTE;
const BODY_BYTES = 50_000_000;
const WARM_UP_BYTES = 5_000_000;

async function openAll(t: TestContext, port: number): Promise<Socket[]> {
  const sockets = Array.from({ length: PEERS }, () => connect({ port, host: '127.0.0.1' }));
  for (const socket of sockets) socket.on('error', () => undefined);
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return sockets;
}

/** How much memory grows until what moves has come to rest. */
async function growthAtRest(
  product: Product,
  before: number,
  moved: () => number,
): Promise<number> {
  let most = 0;
  let last = -1;
  for (let round = 0; round < 60 && last !== moved(); round++) {
    last = moved();
    await new Promise((resolve) => setTimeout(resolve, 500));
    most = Math.max(most, (await product.residentBytes()) - before);
  }
  assert.equal(last, moved(), 'it never came to rest');
  return most;
}

test('200 clients that read nothing of 50 MB cost at most 64 MiB', async (t) => {
  const piece = Buffer.alloc(65_536, 'x');
  let taken = 0;
  const upstream = await startUpstream(t, (request, response) => {
    if (request.url !== '/large') {
      response.end('hello');
      return;
    }
    response.setHeader('content-length', BODY_BYTES);
    let left = BODY_BYTES;
    const fill = (): void => {
      while (left > 0) {
        const part = piece.subarray(0, Math.min(left, piece.length));
        left -= part.length;
        taken += part.length;
        if (!response.write(part)) break;
      }
      if (left === 0) response.end();
    };
    response.on('drain', fill);
    fill();
  });
  const product = await startProduct(t, { endpoints: [upstream.port] });
  const before = await product.residentBytes();
  for (const socket of await openAll(t, product.httpPort)) {
    socket.pause();
    socket.write('GET /large HTTP/1.1\r\nHost: app.test\r\n\r\n');
  }
  const growth = await growthAtRest(product, before, () => taken);
  t.diagnostic(`${(growth / MEBIBYTE).toFixed(0)} MiB more, ${(taken / 1e6).toFixed(0)} MB taken`);
  assert.ok(taken >= PEERS * 65_536, 'the answers did not begin');
  assert.ok(growth <= MAX_GROWTH, `${(growth / MEBIBYTE).toFixed(0)} MiB`);
  await assertServes(product, 'hello');
});

test('200 uploads to an upstream that reads nothing cost at most 64 MiB', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', (chunk) => {
      const head = chunk.toString('latin1', 0, 20);
      if (head.startsWith('POST /stall ')) {
        socket.pause();
        return;
      }
      socket.resume();
      if (head.startsWith('GET '))
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
    });
  });
  const product = await startProduct(t, {
    endpoints: [upstream.port],
    annotations: { 'proxy-body-size': '0' },
  });
  const cold = await product.residentBytes();
  // Uploads that are read leave garbage until the collector finds it worth its time; that is not what stalled ones cost.
  let warmed = 0;
  const readUploads = (await openAll(t, product.httpPort)).map((socket) =>
    upload(socket, '/read', WARM_UP_BYTES, (bytes) => (warmed += bytes)),
  );
  const warm = cold + (await growthAtRest(product, cold, () => warmed));
  for (const socket of readUploads) socket.destroy();

  let taken = 0;
  for (const socket of await openAll(t, product.httpPort)) {
    upload(socket, '/stall', BODY_BYTES, (bytes) => (taken += bytes));
  }
  const growth = await growthAtRest(product, warm, () => taken);
  const [mebibytes, warmMebibytes] = [growth, warm - cold].map((bytes) =>
    (bytes / MEBIBYTE).toFixed(0),
  );
  t.diagnostic(`${warmMebibytes} MiB for uploads that are read, ${mebibytes} MiB more for stalled`);
  t.diagnostic(`${(taken / 1e6).toFixed(0)} MB taken`);
  assert.equal(warmed, PEERS * WARM_UP_BYTES);
  assert.ok(taken >= PEERS * 65_536 && taken < PEERS * BODY_BYTES, `${taken} bytes were taken`);
  assert.ok(growth <= MAX_GROWTH, `${mebibytes} MiB`);
  await assertServes(product, 'hello');
});

/** Writes as fast as it is taken. */
function upload(
  socket: Socket,
  path: string,
  length: number,
  onTaken: (bytes: number) => void,
): Socket {
  const piece = Buffer.alloc(65_536, 'x');
  let left = length;
  const fill = (): void => {
    while (left > 0 && !socket.destroyed) {
      const part = piece.subarray(0, Math.min(left, piece.length));
      left -= part.length;
      onTaken(part.length);
      if (!socket.write(part)) break;
    }
  };
  socket.write(`POST ${path} HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${length}\r\n\r\n`);
  socket.on('drain', fill);
  fill();
  return socket;
}

async function assertServes({ httpPort }: Product, body: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/`, {
    signal: AbortSignal.timeout(1_500),
  });
  assert.equal(await response.text(), body);
}
