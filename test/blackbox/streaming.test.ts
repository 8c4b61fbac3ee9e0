/** Bodies flow in both directions as they come, and nobody has to hold them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import test from 'node:test';
import { connectClient } from './harness/raw-client.ts';
import { startProxy } from './harness/start-proxy.ts';
import { startRawUpstream, startUpstream } from './harness/upstream.ts';
import { untilStable } from './harness/until-stable.ts';

const MEBIBYTE = 1024 * 1024;

test('an answer of unknown length arrives piece by piece', async (t) => {
  let pending: ServerResponse | undefined;
  const upstream = await startUpstream(t, (_request, response) => {
    response.write('one');
    pending = response;
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
  await client.waitFor('one');
  pending?.write('two');
  await client.waitFor('two');
  pending?.end();
  assert.equal((await client.readAnswer()).body, 'onetwo');
});

test('a request body arrives piece by piece, and is answered while it is still coming', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    response.writeHead(200);
    request.on('data', (chunk: Buffer) => response.write(`got ${chunk.toString()};`));
    request.on('end', () => response.end('end'));
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(
    'POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
  );
  await client.waitFor('got abc;');
  client.write('3\r\ndef\r\n');
  await client.waitFor('got def;');
  client.write('0\r\n\r\n');
  assert.equal((await client.readAnswer()).body, 'got abc;got def;end');
});

test('large bodies pass whole, both ways, by length and by chunks', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    if (request.url === '/length') {
      response.setHeader('content-length', request.headers['content-length'] ?? '');
    }
    request.pipe(response);
  });
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    virtualHosts: [{ name: 'app.test', routes: [{ maxBodyBytes: 'none' }] }],
  });
  const client = await connectClient(t, proxy.httpPort);
  const body = 'abcdefghijklmnopqrstuvwxyz'.repeat(300_000);
  const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
  const pieces = [body.slice(0, 10), body.slice(10, 100_000), body.slice(100_000)];
  for (const { target, framing, sent } of [
    { target: '/length', framing: `Content-Length: ${body.length}`, sent: body },
    {
      target: '/chunks',
      framing: 'Transfer-Encoding: chunked',
      sent: `${pieces.map(chunk).join('')}0\r\n\r\n`,
    },
  ]) {
    client.write(`POST ${target} HTTP/1.1\r\nHost: app.test\r\n${framing}\r\n\r\n`);
    client.write(sent);
    assert.equal(sha((await client.readAnswer()).body), sha(body), target);
  }
});

test('an endpoint is not read further while the client does not read', async (t) => {
  const total = 64 * MEBIBYTE;
  let sent = 0;
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
      const piece = Buffer.alloc(65_536, 'x');
      const more = (): void => {
        while (sent < total) {
          sent += piece.length;
          if (!socket.write(piece)) {
            socket.once('drain', more);
            return;
          }
        }
      };
      more();
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.socket.removeAllListeners('data');
  client.socket.pause();
  client.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
  await untilStable(() => sent);
  // What two pairs of kernel buffers hold, and not what the answer has.
  assert.ok(sent < total / 2, `the endpoint could send ${sent} bytes`);
  let received = 0;
  client.socket.on('data', (chunk: string) => {
    received += chunk.length;
  });
  client.socket.resume();
  while (received < total) await once(client.socket, 'data');
  assert.equal(sent, total);
});

test('a client is not read further while the endpoint does not read', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.pause();
  });
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    virtualHosts: [{ name: 'app.test', routes: [{ maxBodyBytes: 'none' }] }],
  });
  const client = await connectClient(t, proxy.httpPort);
  const total = 64 * MEBIBYTE;
  client.write(`POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${total}\r\n\r\n`);
  client.write(Buffer.alloc(total));
  await untilStable(() => client.socket.bytesWritten - client.socket.writableLength);
  assert.ok(client.socket.writableLength > 0, 'all of the body was taken');
});

test('an answer that is cut short is not passed on as whole', async (t) => {
  const heads = [
    'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfive!\r\n',
  ];
  let next = 0;
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', () => {
      socket.end(heads[next++] ?? '');
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  for (const version of ['1.1', '1.1', '1.0']) {
    next %= heads.length;
    if (version === '1.0') next = 1;
    const client = await connectClient(t, proxy.httpPort);
    client.write(`GET / HTTP/${version}\r\nHost: app.test\r\n\r\n`);
    const text = await client.readToEnd();
    assert.ok(text.includes('five!') && !text.endsWith('0\r\n\r\n'), text);
    // Where the connection's end is the answer's, only a reset says that it is not whole.
    assert.equal(client.ended, version === '1.0' ? 'reset' : 'end');
    assert.match((await proxy.nextRecord()).failure ?? '', /closed the connection/);
  }
});

test('an answer that ends with its connection is passed on as whole', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end'));
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  for (let round = 0; round < 2; round++) {
    client.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
    const answer = await client.readAnswer();
    assert.equal(answer.body, 'until the end');
    assert.deepEqual(answer.fields.get('transfer-encoding'), ['chunked']);
  }
});

test('HEAD, 204 and 304 have no body, and HEAD and 304 keep their length', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    const status = Number(request.url?.slice(1));
    if (status !== 204) response.setHeader('content-length', '12');
    response.writeHead(status);
    response.end();
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write('HEAD /200 HTTP/1.1\r\nHost: app.test\r\n\r\n');
  assert.deepEqual((await client.readAnswer({ head: true })).fields.get('content-length'), ['12']);
  client.write('GET /304 HTTP/1.1\r\nHost: app.test\r\n\r\n');
  assert.deepEqual((await client.readAnswer()).fields.get('content-length'), ['12']);
  client.write('GET /204 HTTP/1.1\r\nHost: app.test\r\n\r\n');
  assert.equal((await client.readAnswer()).fields.get('content-length'), undefined);
  client.write('HEAD / HTTP/1.1\r\nHost: nobody.test\r\n\r\n');
  const own = await client.readAnswer({ head: true });
  assert.equal(own.status, 404);
  assert.ok(Number(own.fields.get('content-length')) > 0);
});

function sha(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
