/** Bodies of many reads, many at once, to peers that take them slowly: no byte is written over before it has left. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { selfSignedCertificate } from './harness/self-signed.ts';
import { startProxy } from './harness/start-proxy.ts';
import { startUpstream } from './harness/upstream.ts';

const PEERS = 8;
/** More than the kernel takes on the way. */
const BODY_BYTES = 12_000_000;
/** So long nobody reads, again and again, that all is full up to the other end. */
const PAUSE_MS = 150;
const PAUSE_EVERY_BYTES = 3_000_000;

/** No two places of any two bodies are alike. */
function bodyOf(path: string): Buffer {
  const body = Buffer.alloc(BODY_BYTES);
  const from = Number(path.slice(1)) * BODY_BYTES;
  for (let at = 0; at + 4 <= BODY_BYTES; at += 4) body.writeUInt32BE(from + at, at);
  return body;
}

async function digestOfSlow(source: Readable): Promise<string> {
  const hash = createHash('sha256');
  let untilPause = 0;
  source.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    untilPause -= chunk.length;
    if (untilPause > 0) return;
    untilPause = PAUSE_EVERY_BYTES;
    source.pause();
    setTimeout(() => source.resume(), PAUSE_MS);
  });
  await once(source, 'end');
  return hash.digest('hex');
}

const paths = Array.from({ length: PEERS }, (_, index) => `/${index}`);
const wanted = paths.map((path) => createHash('sha256').update(bodyOf(path)).digest('hex'));

for (const scheme of ['http', 'https']) {
  test(`slow uploads and slow answers arrive as they were sent, ${scheme}`, async (t) => {
    const upstream = await startUpstream(t, (incoming, response) => {
      void digestOfSlow(incoming).then((digest) => {
        response.setHeader('x-digest', digest);
        response.end(bodyOf(incoming.url ?? ''));
      });
    });
    const proxy = await startProxy(t, {
      upstreams: [upstream.endpoint],
      certificates: [selfSignedCertificate('default', ['localhost'])],
      // What is read ahead of a client lies in more than one block.
      virtualHosts: [
        { name: '', routes: [{ maxBodyBytes: 'none', buffering: { readAheadBytes: 524_288 } }] },
      ],
    });
    const exchange = async (path: string): Promise<readonly unknown[]> => {
      const options = { host: '127.0.0.1', path, method: 'POST', agent: false };
      const sent =
        scheme === 'http'
          ? request({ ...options, port: proxy.httpPort })
          : requestTls({ ...options, port: proxy.httpsPort, rejectUnauthorized: false });
      t.after(() => {
        sent.destroy();
      });
      sent.end(bodyOf(path));
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return [response.headers['x-digest'], await digestOfSlow(response)];
    };
    const digests = await Promise.all(paths.map(exchange));
    assert.deepEqual(
      digests,
      wanted.map((digest) => [digest, digest]),
    );
  });
}
