import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2Session, type ClientHttp2Session } from 'node:http2';
import { connect, type Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { SettingId } from '../../src/dataplane/http2/frames.ts';
import { startRawUpstream, startUpstream } from '../blackbox/harness/upstream.ts';
import { connectHttp2, get, windowUpdate } from '../http2/frame-client.ts';
import { startProduct, type Product } from './harness/product.ts';

const PEERS = 200;
const MEBIBYTE = 1024 * 1024;
const MAX_GROWTH = 64 * MEBIBYTE;
const BODY_BYTES = 50_000_000;
/** Whatever stalls, its first 64 KiB are taken. */
const LEAST_TAKEN_BYTES = PEERS * 65_536;
const WARM_UP_BYTES = 5_000_000;
const BODY_OF = new Map([
  ['/large', BODY_BYTES],
  ['/warm-up', WARM_UP_BYTES],
]);
const PATIENCE_MS = 1_500;
/** `fetch` itself is loaded, too. */
const FIRST_PATIENCE_MS = 15_000;
const LARGEST_WINDOW = 0x7fff_ffff;

/** Clients of one protocol, each on a connection of its own. */
interface Clients {
  /**
   * What stalls from the first byte on a process that has carried next to nothing yet is counted from there. For uploads over
   * TLS, and for HTTP/2, others are served before: what these leave is garbage until the collector finds it worth its time, and
   * code, and not what stalled ones cost.
   */
  readonly isCold: { readonly answers: boolean; readonly uploads: boolean };
  /** Asks for a path, and reads all. */
  ask(t: TestContext, product: Product, path: string): Promise<unknown>;
  /** Asks for a path, and reads nothing. */
  askOnly(t: TestContext, product: Product, path: string): Promise<unknown>;
  /** Sends a body as fast as it is taken; resolves with what ends it. */
  upload(t: TestContext, product: Product, body: Body): Promise<() => void>;
}

interface Body {
  readonly path: string;
  readonly length: number;
  readonly onTaken: (bytes: number) => void;
}

function http1(isTls: boolean): Clients {
  const open = isTls ? openTlsSocket : openSocket;
  return {
    isCold: { answers: !isTls, uploads: !isTls },
    async ask(_t, { httpPort }, path) {
      const response = await fetch(`http://127.0.0.1:${httpPort}${path}`);
      await response.arrayBuffer();
    },
    async askOnly(t, product, path) {
      const socket = await open(t, product);
      socket.pause();
      socket.write(`GET ${path} HTTP/1.1\r\nHost: app.test\r\n\r\n`);
    },
    async upload(t, product, body) {
      const socket = await open(t, product);
      socket.write(
        `POST ${body.path} HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${body.length}\r\n\r\n`,
      );
      fill(socket, body);
      return () => socket.destroy();
    },
  };
}

const http2OverTls: Clients = {
  isCold: { answers: false, uploads: false },
  async ask(t, product, path) {
    const session = await openSession(t, product);
    const stream = session.request({ ':path': path });
    await once(stream.resume(), 'close');
    session.destroy();
  },
  async askOnly(t, { httpsPort }, path) {
    const settings = [[SettingId.InitialWindowSize, LARGEST_WINDOW]] as const;
    const client = await connectHttp2(t, httpsPort, { tls: true, settings });
    client.socket.pause();
    client.send(windowUpdate(0, LARGEST_WINDOW - 65_535));
    client.request(1, get(path));
  },
  async upload(t, product, body) {
    const session = await openSession(t, product);
    const stream = session.request({ ':method': 'POST', ':path': body.path });
    stream.on('error', () => undefined);
    fill(stream.resume(), body);
    return () => {
      session.destroy();
    };
  },
};

async function openSession(t: TestContext, { httpsPort }: Product): Promise<ClientHttp2Session> {
  const url = `https://127.0.0.1:${httpsPort}`;
  const session = connectHttp2Session(url, { rejectUnauthorized: false });
  session.on('error', () => undefined);
  t.after(() => {
    session.destroy();
  });
  await once(session, 'connect');
  return session;
}

async function openSocket(t: TestContext, { httpPort }: Product): Promise<Socket> {
  const socket = connect({ port: httpPort, host: '127.0.0.1' });
  await opened(t, socket, 'connect');
  return socket;
}

async function openTlsSocket(t: TestContext, { httpsPort }: Product): Promise<Socket> {
  const socket = connectTls({ port: httpsPort, host: '127.0.0.1', rejectUnauthorized: false });
  await opened(t, socket, 'secureConnect');
  return socket;
}

async function opened(t: TestContext, socket: Socket, event: string): Promise<void> {
  socket.on('error', () => undefined);
  t.after(() => {
    socket.destroy();
  });
  await once(socket, event);
}

function fill(to: Writable, { length, onTaken }: Body): void {
  const piece = Buffer.alloc(65_536, 'x');
  let left = length;
  const write = (): void => {
    while (left > 0 && !to.destroyed) {
      const part = piece.subarray(0, Math.min(left, piece.length));
      left -= part.length;
      onTaken(part.length);
      if (!to.write(part)) break;
    }
  };
  to.on('drain', write);
  write();
}

function each<T>(start: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: PEERS }, start));
}

/** How much memory grows until what moves has come to rest, beyond this many bytes: a busy machine may stop for a moment. */
async function growthAtRest(
  product: Product,
  before: number,
  moved: () => number,
  leastBytes: number,
): Promise<number> {
  let most = 0;
  let last = -1;
  for (let round = 0; round < 120 && (last !== moved() || last < leastBytes); round++) {
    last = moved();
    await new Promise((resolve) => setTimeout(resolve, 500));
    most = Math.max(most, (await product.residentBytes()) - before);
  }
  assert.equal(last, moved(), 'it never came to rest');
  return most;
}

const kinds = {
  'HTTP/1.1': http1(false),
  'HTTP/1.1 over TLS': http1(true),
  'HTTP/2 over TLS': http2OverTls,
};

/** Uploads that are read, to their end; by how much memory grows. */
async function warmUp(
  t: TestContext,
  clients: Clients,
  product: Product,
  coldBytes: number,
): Promise<number> {
  let warmed = 0;
  const read: Body = {
    path: '/read',
    length: WARM_UP_BYTES,
    onTaken: (bytes) => (warmed += bytes),
  };
  const uploads = await each(() => clients.upload(t, product, read));
  const growth = await growthAtRest(product, coldBytes, () => warmed, PEERS * WARM_UP_BYTES);
  assert.equal(warmed, PEERS * WARM_UP_BYTES);
  for (const end of uploads) end();
  return growth;
}

for (const [name, clients] of Object.entries(kinds)) {
  test(`${name}: 200 clients that read nothing of 50 MB cost at most 64 MiB`, async (t) => {
    const piece = Buffer.alloc(65_536, 'x');
    let taken = 0;
    const upstream = await startUpstream(t, (request, response) => {
      let left = BODY_OF.get(request.url ?? '') ?? 0;
      if (left === 0) {
        response.end('hello');
        return;
      }
      response.setHeader('content-length', left);
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
    await assertServes(product, 'hello', FIRST_PATIENCE_MS);
    const cold = await product.residentBytes();
    if (!clients.isCold.answers) await each(() => clients.ask(t, product, '/warm-up'));
    const warm = await product.residentBytes();
    taken = 0;
    await each(() => clients.askOnly(t, product, '/large'));
    const growth = await growthAtRest(product, warm, () => taken, LEAST_TAKEN_BYTES);
    const [mebibytes, warmMebibytes] = [growth, warm - cold].map((bytes) =>
      (bytes / MEBIBYTE).toFixed(0),
    );
    t.diagnostic(
      `${warmMebibytes} MiB for answers that are read, ${mebibytes} MiB more for others`,
    );
    t.diagnostic(`${(taken / 1e6).toFixed(0)} MB taken`);
    assert.ok(taken >= LEAST_TAKEN_BYTES, 'the answers did not begin');
    assert.ok(growth <= MAX_GROWTH, `${mebibytes} MiB`);
    await assertServes(product, 'hello');
  });

  test(`${name}: 200 uploads to an upstream that reads nothing cost at most 64 MiB`, async (t) => {
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
    await assertServes(product, 'hello', FIRST_PATIENCE_MS);
    const cold = await product.residentBytes();
    const warm = clients.isCold.uploads ? cold : cold + (await warmUp(t, clients, product, cold));

    let taken = 0;
    const stalled: Body = {
      path: '/stall',
      length: BODY_BYTES,
      onTaken: (bytes) => (taken += bytes),
    };
    await each(() => clients.upload(t, product, stalled));
    const growth = await growthAtRest(product, warm, () => taken, LEAST_TAKEN_BYTES);
    const [mebibytes, warmMebibytes] = [growth, warm - cold].map((bytes) =>
      (bytes / MEBIBYTE).toFixed(0),
    );
    t.diagnostic(
      `${warmMebibytes} MiB for uploads that are read, ${mebibytes} MiB more for stalled`,
    );
    t.diagnostic(`${(taken / 1e6).toFixed(0)} MB taken`);
    assert.ok(
      taken >= LEAST_TAKEN_BYTES && taken < PEERS * BODY_BYTES,
      `${taken} bytes were taken`,
    );
    assert.ok(growth <= MAX_GROWTH, `${mebibytes} MiB`);
    await assertServes(product, 'hello');
  });
}

async function assertServes(
  { httpPort }: Product,
  body: string,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/`, {
    signal: AbortSignal.timeout(patienceMs),
  });
  assert.equal(await response.text(), body);
}
