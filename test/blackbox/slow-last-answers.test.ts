/** The last answer of a connection reaches a client whole that is slow to take its end: the farewell begins behind it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { selfSignedCertificate } from './harness/self-signed.ts';
import { startProxy } from './harness/start-proxy.ts';
import { startUpstream } from './harness/upstream.ts';

/** Around what Linux takes on the way to a client that reads nothing: the last piece of some of them waits in the proxy. */
const SIZES = Array.from({ length: 100 }, (_, index) => 3_600_000 + index * 10_000);
const BODY = Buffer.alloc(Math.max(...SIZES), 'x');
/** Longer than a client that was told to close may take for that. */
const STALL_MS = 6_000;

const closing = (size: number): string =>
  `GET /${size} HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n`;
const old = (size: number): string => `GET /chunked/${size} HTTP/1.0\r\nHost: app.test\r\n\r\n`;

/** How long the body was that came. */
async function bodyAfterStall(
  socket: Socket,
  readyEvent: string,
  request: string,
): Promise<number> {
  socket.on('error', () => undefined);
  await once(socket, readyEvent);
  socket.pause();
  socket.write(request);
  await new Promise((resolve) => setTimeout(resolve, STALL_MS));
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = once(socket, 'close');
  socket.resume();
  await closed;
  const answer = Buffer.concat(chunks);
  return answer.length - answer.indexOf('\r\n\r\n') - 4;
}

for (const [kind, isTls, requestOf] of [
  ['HTTP/1.1', false, closing],
  ['HTTP/1.1 over TLS', true, closing],
  ['HTTP/1.0, of unknown length', false, old],
] as const) {
  test(`${kind}: whoever takes the last answer late has all of it`, async (t) => {
    const upstream = await startUpstream(t, ({ url = '' }, response) => {
      const size = Number(url.slice(url.lastIndexOf('/') + 1));
      if (!url.startsWith('/chunked/')) response.setHeader('content-length', size);
      response.end(BODY.subarray(0, size));
    });
    const proxy = await startProxy(t, {
      upstreams: [upstream.endpoint],
      certificates: [selfSignedCertificate('default', ['app.test'])],
    });
    const lengths = await Promise.all(
      SIZES.map((size) => {
        const socket = isTls
          ? connectTls({ port: proxy.httpsPort, host: '127.0.0.1', rejectUnauthorized: false })
          : connect({ port: proxy.httpPort, host: '127.0.0.1' });
        t.after(() => socket.destroy());
        return bodyAfterStall(socket, isTls ? 'secureConnect' : 'connect', requestOf(size));
      }),
    );
    assert.deepEqual(lengths, SIZES);
  });
}
