/** Bodies of many writes, many at once, some of them slow: every byte arrives where it belongs. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { test } from 'node:test';
import { selfSignedCertificate } from '../blackbox/harness/self-signed.ts';
import { startProxy } from '../blackbox/harness/start-proxy.ts';
import { startUpstream } from '../blackbox/harness/upstream.ts';

const STREAMS = 16;
const BODY_BYTES = 3_000_000;

/** No two places of any two bodies are alike. */
function bodyOf(path: string): Buffer {
  const body = Buffer.alloc(BODY_BYTES);
  const from = Number(path.slice(1)) * BODY_BYTES;
  for (let at = 0; at + 4 <= BODY_BYTES; at += 4) body.writeUInt32BE(from + at, at);
  return body;
}

const digest = (body: Buffer): string => createHash('sha256').update(body).digest('hex');

for (const scheme of ['http', 'https']) {
  test(`large answers at once over HTTP/2, ${scheme}`, async (t) => {
    const upstream = await startUpstream(t, (request, response) => {
      response.end(bodyOf(request.url ?? ''));
    });
    const proxy = await startProxy(t, {
      upstreams: [upstream.endpoint],
      certificates: [selfSignedCertificate('default', ['localhost'])],
      virtualHosts: [{ name: '' }],
    });
    const port = scheme === 'https' ? proxy.httpsPort : proxy.httpPort;
    const digests = Array.from({ length: STREAMS }, async (_, index) => {
      const session = connect(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false });
      t.after(() => {
        session.destroy();
      });
      const stream = session.request({ ':path': `/${index}` });
      const hash = createHash('sha256');
      stream.on('data', (chunk: Buffer) => {
        hash.update(chunk);
        if (index % 2 === 1) return;
        stream.pause();
        setImmediate(() => stream.resume());
      });
      await once(stream, 'end');
      return hash.digest('hex');
    });
    const wanted = Array.from({ length: STREAMS }, (_, index) => digest(bodyOf(`/${index}`)));
    assert.deepEqual(await Promise.all(digests), wanted);
  });
}
