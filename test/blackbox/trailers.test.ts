/** Trailers between HTTP/1.1 clients and gRPC endpoints; elsewhere they end here (routing.md §12, security.md 1.12). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import { connectClient } from './harness/raw-client.ts';
import { startProxy } from './harness/start-proxy.ts';
import { startRawUpstream } from './harness/upstream.ts';

const CHUNKED = 'POST /call HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n';

/** An HTTP/2 endpoint by prior knowledge. */
async function startGrpc(t: TestContext, onStream: (stream: ServerHttp2Stream) => void) {
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => undefined);
    onStream(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const session of sessions) session.destroy();
  });
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

function answerWithTrailers(stream: ServerHttp2Stream): void {
  stream.resume();
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => {
    stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'fine' });
  });
  stream.end('message');
}

for (const { te, wants } of [
  { te: 'TE: trailers\r\n', wants: true },
  { te: '', wants: false },
  { te: 'TE: gzip\r\n', wants: false },
]) {
  test(`a client that says ${JSON.stringify(te)} ${wants ? 'has' : 'has not'} the trailers of gRPC`, async (t) => {
    const endpoint = await startGrpc(t, answerWithTrailers);
    const proxy = await startProxy(t, { upstreams: [endpoint], protocol: 'grpc' });
    const client = await connectClient(t, proxy.httpPort);
    for (let round = 0; round < 2; round++) {
      client.write(`${CHUNKED}${te}\r\n1\r\nx\r\n0\r\n\r\n`);
      const end = wants ? '0\r\ngrpc-status: 0\r\ngrpc-message: fine\r\n\r\n' : '0\r\n\r\n';
      await client.waitFor(end);
      assert.ok(client.take().endsWith(`\r\n\r\n7\r\nmessage\r\n${end}`));
    }
  });
}

test('trailers of a request reach gRPC, but for those that may not come late', async (t) => {
  const { promise, resolve } = Promise.withResolvers<IncomingHttpHeaders>();
  const endpoint = await startGrpc(t, (stream) => {
    stream.on('trailers', resolve);
    answerWithTrailers(stream);
  });
  const proxy = await startProxy(t, { upstreams: [endpoint], protocol: 'grpc' });
  const client = await connectClient(t, proxy.httpPort);
  const late = ['X-Checksum: abc', 'Authorization: evil', 'Content-Length: 3', 'Host: evil.test'];
  client.write(`${CHUNKED}\r\n1\r\nx\r\n0\r\n${late.join('\r\n')}\r\n\r\n`);
  const trailers = await promise;
  assert.deepEqual(Object.entries(trailers), [['x-checksum', 'abc']]);
  assert.equal((await client.readAnswer()).status, 200);
});

test('trailers of an endpoint that is no gRPC end here', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.on('data', () =>
      socket.write(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Late: evil\r\n\r\n',
      ),
    );
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write('GET / HTTP/1.1\r\nHost: app.test\r\nTE: trailers\r\n\r\n');
  await client.waitFor('\r\n0\r\n\r\n');
  assert.ok(!client.take().includes('evil'));
});
