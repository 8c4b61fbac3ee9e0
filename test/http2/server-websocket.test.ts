import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { ErrorCode } from '../../src/dataplane/http2/frames.ts';
import { startProxy, type RunningProxy } from '../blackbox/harness/start-proxy.ts';
import { startRawUpstream } from '../blackbox/harness/upstream.ts';
import type { TestContext } from 'node:test';
import { connectHttp2, data, request, resetStream, valueOf, type Fields } from './frame-client.ts';

const CONNECT: Fields = [
  [':protocol', 'websocket'],
  ...request('CONNECT', '/chat', ['sec-websocket-version', '13'], ['sec-websocket-protocol', 'a']),
];

function connectTo(path: string, authority: string): Fields {
  return [
    [':protocol', 'websocket'],
    [':method', 'CONNECT'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', authority],
    ['sec-websocket-version', '13'],
  ];
}

/** An endpoint that agrees to a WebSocket, and echoes raw bytes after that. */
async function startEcho(
  t: TestContext,
  onSocket: (socket: Socket) => void = () => undefined,
): Promise<{ readonly proxy: RunningProxy; readonly heads: string[] }> {
  const heads: string[] = [];
  const upstream = await startRawUpstream(t, (socket) => {
    onSocket(socket);
    let head = '';
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      heads.push(head);
      socket.on('data', (bytes) => socket.write(bytes));
      socket.on('end', () => socket.end());
      const key = /sec-websocket-key: (.*)\r\n/i.exec(head)?.[1] ?? '';
      const accept = createHash('sha1')
        .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
          `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: a\r\n\r\n`,
      );
    };
    socket.on('data', onData);
  });
  return { proxy: await startProxy(t, { upstreams: [upstream.endpoint] }), heads };
}

test('a WebSocket over HTTP/2 is one over HTTP/1.1 upstream (RFC 8441)', async (t) => {
  const { proxy, heads } = await startEcho(t);
  const client = await connectHttp2(t, proxy.httpPort);
  client.request(1, CONNECT, false);
  await client.until(() => client.stream(1).status > 0);
  const { status, fields } = client.stream(1);
  assert.equal(status, 200);
  assert.equal(valueOf(fields, 'sec-websocket-protocol'), 'a');
  assert.equal(valueOf(fields, 'sec-websocket-accept'), undefined);
  assert.equal(valueOf(fields, 'connection'), undefined);
  assert.match(heads[0] ?? '', /^GET \/chat HTTP\/1\.1\r\n/);
  assert.match(heads[0] ?? '', /\r\nupgrade: websocket\r\n/i);
  assert.match(heads[0] ?? '', /\r\nsec-websocket-key: [A-Za-z0-9+/]{22}==\r\n/i);
  client.send(data(1, 'ping'));
  await client.until(() => client.stream(1).body === 'ping');
  client.send(data(1, 'pong', true));
  const answer = await client.answer(1);
  assert.equal(answer.body, 'pingpong');
  assert.equal(answer.isWhole, true);
});

test('no tunnel byte flows before the answer', async (t) => {
  const { proxy, heads } = await startEcho(t);
  const client = await connectHttp2(t, proxy.httpPort);
  client.request(1, CONNECT, false);
  client.send(data(1, 'ahead'));
  await client.until(() => client.stream(1).body === 'ahead');
  assert.ok(heads[0]?.endsWith('\r\n\r\n'));
});

test('a reset of the stream closes the tunnel upstream', async (t) => {
  const sockets: Socket[] = [];
  const { proxy } = await startEcho(t, (socket) => sockets.push(socket));
  const client = await connectHttp2(t, proxy.httpPort);
  client.request(1, CONNECT, false);
  await client.until(() => client.stream(1).status > 0);
  const closed = new Promise((resolve) => sockets[0]?.once('close', resolve));
  client.send(resetStream(1));
  await closed;
});

for (const status of ['200 OK', '204 No Content', '206 Partial Content']) {
  test(`${status} instead of 101 opens no tunnel: it is a 502`, async (t) => {
    let received = '';
    const upstream = await startRawUpstream(t, (socket) => {
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1');
        const length = status.startsWith('204') ? '' : 'Content-Length: 2\r\n';
        socket.write(`HTTP/1.1 ${status}\r\n${length}\r\n${length === '' ? '' : 'no'}`);
      });
    });
    const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
    const client = await connectHttp2(t, proxy.httpPort);
    client.request(1, CONNECT, false);
    client.send(data(1, 'ahead'));
    assert.equal((await client.answer(1)).status, 502);
    const { status: recorded, failure } = await proxy.nextRecord();
    assert.deepEqual([recorded, failure], [502, 'endpoint did not switch protocols']);
    assert.ok(!received.includes('ahead'));
  });
}

for (const { name, fields } of [
  { name: 'the health page', fields: connectTo('/healthz', 'nobody.test') },
  {
    name: 'an error page of gRPC',
    fields: [...connectTo('/', 'nobody.test'), ['content-type', 'application/grpc']],
  },
] satisfies { name: string; fields: Fields }[]) {
  test(`our own answers open no tunnel: ${name} is a 404`, async (t) => {
    const { proxy } = await startEcho(t);
    const client = await connectHttp2(t, proxy.httpPort);
    client.request(1, fields, false);
    const { status, isWhole } = await client.answer(1);
    assert.deepEqual([status, isWhole], [404, true]);
    assert.equal((await proxy.nextRecord()).status, 404);
  });
}

for (const accept of ['', 'Sec-WebSocket-Accept: bm90IHRoZSByaWdodCBvbmUgMTI=\r\n']) {
  test(`an answer to ${accept === '' ? 'no' : 'another'} key opens no tunnel: it is a 502`, async (t) => {
    const upstream = await startRawUpstream(t, (socket) => {
      socket.once('data', () => {
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
            `${accept}\r\n`,
        );
      });
    });
    const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
    const client = await connectHttp2(t, proxy.httpPort);
    client.request(1, CONNECT, false);
    assert.equal((await client.answer(1)).status, 502);
    assert.equal(proxy.limits.get('malformed-response'), 1);
  });
}

test('the path of an extended CONNECT may be no longer than that of a GET', async (t) => {
  const { proxy, heads } = await startEcho(t);
  const client = await connectHttp2(t, proxy.httpPort);
  const longest = 8_192 - 'GET  HTTP/1.1\r\n'.length;
  const connect = (length: number): Fields => [
    [':protocol', 'websocket'],
    ...request('CONNECT', `/${'a'.repeat(length - 1)}`, ['sec-websocket-version', '13']),
  ];
  client.request(1, connect(longest), false);
  await client.until(() => client.stream(1).status > 0);
  assert.equal(client.stream(1).status, 200);
  client.request(3, connect(longest + 1), false);
  assert.equal((await client.answer(3)).status, 414);
  assert.equal(proxy.limits.get('request-line'), 1);
  assert.equal(heads.length, 1);
});

test('another answer than 101 leaves the stream in HTTP', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectHttp2(t, proxy.httpPort);
  client.request(1, CONNECT, false);
  const answer = await client.answer(1);
  assert.deepEqual([answer.status, answer.body], [403, 'no']);
  await client.until(() => client.stream(1).reset !== undefined);
  assert.equal(client.stream(1).reset, ErrorCode.NoError);
});
