/** A WebSocket over HTTP/2 (RFC 8441) to an endpoint of HTTP/1.1: the `ws` package, which is strict about handshakes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { WebSocketServer, type WebSocket } from 'ws';
import { startProxy } from '../blackbox/harness/start-proxy.ts';

const HEAD = {
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':scheme': 'http',
  ':authority': 'app.test',
  ':path': '/chat?room=1',
  'sec-websocket-version': '13',
  origin: 'http://app.test',
};

async function connectHttp2(t: TestContext, port: number): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`);
  t.after(() => {
    session.destroy();
  });
  const [settings] = (await once(session, 'remoteSettings')) as [
    { enableConnectProtocol: boolean },
  ];
  assert.equal(settings.enableConnectProtocol, true);
  return session;
}

async function startWebSockets(
  t: TestContext,
  onSocket: (socket: WebSocket, headers: NodeJS.Dict<string | string[]>, path: string) => void,
): Promise<number> {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    handleProtocols: (protocols) => (protocols.has('chat') ? 'chat' : false),
  });
  server.on('connection', (socket, request) => {
    onSocket(socket, request.headers, request.url ?? '');
  });
  await once(server, 'listening');
  t.after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A masked text frame of up to 125 octets (RFC 6455 §5.2); the mask is all zeros. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

/** The next so many octets. */
async function read(stream: ClientHttp2Stream, bytes: number): Promise<Buffer> {
  for (;;) {
    const chunk = stream.read(bytes) as Buffer | null;
    if (chunk !== null) return chunk;
    await once(stream, 'readable');
  }
}

test('a WebSocket over HTTP/2 reaches an endpoint that speaks HTTP/1.1', async (t) => {
  let seen: NodeJS.Dict<string | string[]> = {};
  let path = '';
  const port = await startWebSockets(t, (socket, headers, url) => {
    seen = headers;
    path = url;
    socket.on('message', (data) => {
      socket.send(`echo ${(data as Buffer).toString()}`);
    });
    socket.on('close', () => undefined);
  });
  const proxy = await startProxy(t, { upstreams: [{ address: '127.0.0.1', port }] });
  const session = await connectHttp2(t, proxy.httpPort);
  const stream = session.request({ ...HEAD, 'sec-websocket-protocol': 'chat' });
  const [head] = (await once(stream, 'response')) as [Record<string, string | number>];
  assert.equal(head[':status'], 200);
  assert.equal(head['sec-websocket-protocol'], 'chat');
  assert.equal(head['sec-websocket-accept'], undefined);
  assert.equal(head['upgrade'], undefined);
  assert.equal(path, '/chat?room=1');
  assert.equal(seen['host'], 'app.test');
  assert.match(String(seen['sec-websocket-key']), /^[A-Za-z0-9+/]{22}==$/);
  for (const text of ['one', 'two']) {
    stream.write(textFrame(text));
    const want = `echo ${text}`;
    const frame = await read(stream, 2 + want.length);
    assert.deepEqual([frame[0], frame.subarray(2).toString()], [0x81, want]);
  }
  stream.end(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]));
  assert.deepEqual([...(await read(stream, 4))], [0x88, 2, 0x03, 0xe8]);
  stream.resume();
  await once(stream, 'close');
  const record = await proxy.nextRecord();
  assert.deepEqual([record.protocol, record.method, record.status], ['HTTP/2.0', 'GET', 101]);
});

test('each handshake over HTTP/2 has a key of its own', async (t) => {
  const keys = new Set<string>();
  const port = await startWebSockets(t, (_socket, headers) => {
    keys.add(String(headers['sec-websocket-key']));
  });
  const proxy = await startProxy(t, { upstreams: [{ address: '127.0.0.1', port }] });
  const session = await connectHttp2(t, proxy.httpPort);
  for (let count = 0; count < 3; count++) {
    const stream = session.request(HEAD);
    await once(stream, 'response');
    stream.close();
  }
  assert.equal(keys.size, 3);
});
