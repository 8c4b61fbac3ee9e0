/** Timeouts, TLS and backpressure towards HTTP/2 endpoints. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSecureServer, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { ErrorCode, Flag, FrameType, SettingId } from '../../src/dataplane/http2/frames.ts';
import { connectClient } from '../blackbox/harness/raw-client.ts';
import { selfSignedCertificate } from '../blackbox/harness/self-signed.ts';
import { startProxy } from '../blackbox/harness/start-proxy.ts';
import { startRawUpstream } from '../blackbox/harness/upstream.ts';
import { untilStable } from '../blackbox/harness/until-stable.ts';
import { GET, POST, startGrpcProxy, ask, serveToEnd, startHttp2, dataOf } from './grpc-proxy.ts';
import { startRawEndpoint } from './raw-endpoint.ts';

test('silence after the request is a 504, and cancels the stream alone', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, async (peer) => {
    await peer.next(FrameType.Headers, 1);
    const pulse = setInterval(() => {
      peer.send(FrameType.Ping, Flag.None, 0, Buffer.alloc(8));
    }, 20);
    await peer.next(FrameType.RstStream, 1).finally(() => {
      clearInterval(pulse);
    });
    await serveToEnd(peer);
  });
  const route = { timeouts: { readMs: 600 }, retry: { attempts: 1 } };
  const proxy = await startGrpcProxy(t, [endpoint], { route });
  assert.equal((await ask(t, proxy)).status, 504);
  assert.equal(proxy.limits.get('upstream-read-timeout'), 1);
  assert.equal((await ask(t, proxy)).body, '3');
  assert.equal(peers.length, 1);
});

test('a connection on which nothing came at all meanwhile takes no more streams', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, async (peer, index) => {
    if (index > 0) await serveToEnd(peer);
  });
  const route = { timeouts: { readMs: 600 }, retry: { attempts: 1 } };
  const proxy = await startGrpcProxy(t, [endpoint], { route });
  assert.equal((await ask(t, proxy)).status, 504);
  assert.equal((await ask(t, proxy)).body, '1');
  assert.equal(peers.length, 2);
});

test('an endpoint that opens no window for a body is a 504', async (t) => {
  const { endpoint } = await startRawEndpoint(
    t,
    async (peer) => {
      peer.settings([SettingId.InitialWindowSize, 0]);
      const reset = await peer.next(FrameType.RstStream);
      assert.equal(reset.payload.readUInt32BE(0), ErrorCode.Cancel);
      assert.equal(dataOf(peer).length, 0);
    },
    { greets: false },
  );
  const route = { timeouts: { sendMs: 100 }, retry: { attempts: 1 } };
  const proxy = await startGrpcProxy(t, [endpoint], { route });
  assert.equal((await ask(t, proxy, POST)).status, 504);
  assert.equal(proxy.limits.get('upstream-send-timeout'), 1);
});

test('an endpoint that never says its SETTINGS is a 504, and has seen nothing of the request', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, () => undefined, { greets: false });
  const route = { timeouts: { connectMs: 100 }, retry: { attempts: 1 } };
  const proxy = await startGrpcProxy(t, [endpoint], { route });
  assert.equal((await ask(t, proxy, POST)).status, 504);
  assert.equal(proxy.limits.get('upstream-connect-timeout'), 1);
  assert.ok(peers[0]?.frames.every(({ type }) => type !== FrameType.Headers));
});

test('an endpoint that speaks HTTP/1.1 is a 502, and has seen nothing of the request', async (t) => {
  let received = '';
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
    });
  });
  const route = { retry: { attempts: 1 } };
  const proxy = await startGrpcProxy(t, [upstream.endpoint], { route });
  assert.equal((await ask(t, proxy, POST)).status, 502);
  assert.equal(proxy.records[0]?.failure, 'endpoint does not speak HTTP/2');
  assert.ok(!received.includes('app.test'));
});

test('GRPCS: HTTP/2 over TLS, chosen by ALPN', async (t) => {
  const { chain, key } = selfSignedCertificate('a', ['a.test']);
  const server = createSecureServer({ cert: chain, key: key.reveal() });
  server.on('stream', (stream: ServerHttp2Stream, head) => {
    stream.respond({ ':status': 200 });
    stream.end(`${head[':scheme'] ?? ''} ${head[':authority'] ?? ''}`);
  });
  const { endpoint } = await startHttp2(t, server);
  const proxy = await startProxy(t, { upstreams: [endpoint], protocol: 'grpcs' });
  assert.equal((await ask(t, proxy)).body, 'https app.test');
});

for (const ALPNProtocols of [undefined, ['http/1.1']]) {
  const offered = ALPNProtocols === undefined ? 'chooses nothing' : 'offers HTTP/1.1 alone';
  test(`GRPCS: an endpoint that ${offered} is a 502`, async (t) => {
    const { chain, key } = selfSignedCertificate('a', ['a.test']);
    const sent: Buffer[] = [];
    const server = createTlsServer(
      { cert: chain, key: key.reveal(), ...(ALPNProtocols && { ALPNProtocols }) },
      (socket) => {
        socket.on('error', () => undefined);
        socket.on('data', (chunk: Buffer) => sent.push(chunk));
      },
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const upstreams = [{ address: '127.0.0.1', port }];
    const proxy = await startProxy(t, { upstreams, protocol: 'grpcs' });
    assert.equal((await ask(t, proxy, POST)).status, 502);
    assert.deepEqual(sent, []);
  });
}

test('an endpoint is not read further while a client does not read', async (t) => {
  const total = 64 * 1024 * 1024;
  let taken = 0;
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200, 'content-length': total });
    const piece = Buffer.alloc(65_536, 'x');
    const more = (): void => {
      while (taken < total) {
        taken += piece.length;
        if (!stream.write(piece)) {
          stream.once('drain', more);
          return;
        }
      }
      stream.end();
    };
    more();
  });
  const { endpoint } = await startHttp2(t, server);
  const proxy = await startGrpcProxy(t, [endpoint]);
  const client = await connectClient(t, proxy.httpPort);
  client.socket.removeAllListeners('data');
  client.socket.pause();
  client.write(GET);
  await untilStable(() => taken);
  assert.ok(taken < total / 4, `the endpoint could send ${taken} bytes`);
  let received = 0;
  client.socket.on('data', (chunk: string) => {
    received += chunk.length;
  });
  client.socket.resume();
  while (received < total) await once(client.socket, 'data');
});

test('a client is not read further while an endpoint opens no window', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, () => undefined);
  const route = { maxBodyBytes: 'none' as const };
  const proxy = await startGrpcProxy(t, [endpoint], { route });
  const client = await connectClient(t, proxy.httpPort);
  const total = 64 * 1024 * 1024;
  client.write(`POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${total}\r\n\r\n`);
  client.write(Buffer.alloc(total));
  await untilStable(() => client.socket.bytesWritten - client.socket.writableLength);
  assert.ok(client.socket.writableLength > total / 2, 'most of the body was taken');
  assert.equal(Buffer.concat(dataOf(peers[0])).length, 65_535);
});
