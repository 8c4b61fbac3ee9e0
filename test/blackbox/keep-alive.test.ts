/** Connections on either side are kept, reused and closed as they should be. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { SHORT_BLOCK_BYTES } from '../../src/dataplane/body-blocks.ts';
import { connectClient } from './harness/raw-client.ts';
import { startProxy } from './harness/start-proxy.ts';
import { startRawUpstream, startUpstream } from './harness/upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';

test('one client connection carries many exchanges, and so does one upstream connection', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    response.end(`${request.method} ${request.url}`);
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  for (let round = 0; round < 20; round++) {
    client.write(`GET /${round} HTTP/1.1\r\nHost: app.test\r\n\r\n`);
    const answer = await client.readAnswer();
    assert.equal(answer.body, `GET /${round}`);
    assert.equal(answer.fields.get('connection'), undefined);
  }
  assert.equal(upstream.connections(), 1);
});

test('a new client connection reuses the upstream connection of another that is gone', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('x'));
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  for (let round = 0; round < 3; round++) {
    const client = await connectClient(t, proxy.httpPort);
    client.write('GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n');
    const answer = await client.readAnswer();
    assert.deepEqual(answer.fields.get('connection'), ['close']);
    await client.readToEnd();
    assert.equal(client.ended, 'end');
  }
  assert.equal(upstream.connections(), 1);
});

test('a client that said close is not waited for; one that was told so is, or a reset would destroy its answer', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('x'));
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    settings: { client: { requestsPerConnection: 1 } },
  });
  const talkOn = async (request: string): Promise<string> => {
    const client = await connectClient(t, proxy.httpPort);
    client.write(request);
    assert.equal((await client.readAnswer()).body, 'x');
    assert.equal(await client.readToEnd(), '');
    // The first that nobody takes brings a reset, which the next one meets.
    for (let round = 0; round < 100 && client.ended === 'end'; round++) {
      client.write('y');
      await new Promise(setImmediate);
    }
    return client.ended;
  };
  const closing = 'GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n';
  assert.equal(await talkOn(closing), 'reset');
  assert.equal(await talkOn(GET), 'end');
});

test('the last of the exchanges that a client connection may carry says close, and closes', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('x'));
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    settings: { client: { requestsPerConnection: 2 } },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET + GET + GET);
  assert.equal((await client.readAnswer()).fields.get('connection'), undefined);
  assert.deepEqual((await client.readAnswer()).fields.get('connection'), ['close']);
  assert.equal(await client.readToEnd(), '');
  assert.equal(proxy.records.length, 2);
  assert.equal(proxy.limits.get('requests-per-connection'), 1);
});

test('HTTP/1.0 clients get close unless they ask to be kept, and never chunks', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    if (request.url === '/chunks') response.write('first ');
    response.end('last');
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const plain = await connectClient(t, proxy.httpPort);
  plain.write('GET / HTTP/1.0\r\nHost: app.test\r\n\r\n');
  assert.deepEqual((await plain.readAnswer()).fields.get('connection'), ['close']);
  await plain.readToEnd();

  const kept = await connectClient(t, proxy.httpPort);
  kept.write('GET / HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\n\r\n');
  assert.deepEqual((await kept.readAnswer()).fields.get('connection'), ['keep-alive']);
  kept.write('GET /chunks HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\n\r\n');
  const streamed = await kept.readAnswer();
  assert.equal(streamed.body, 'first last');
  assert.deepEqual(streamed.fields.get('connection'), ['close']);
  assert.equal(streamed.fields.get('transfer-encoding'), undefined);
});

test('idle upstream connections are limited, and the oldest go first', async (t) => {
  const waiting: (() => void)[] = [];
  const upstream = await startUpstream(t, (_request, response) => {
    waiting.push(() => response.end('x'));
    if (waiting.length === 3) for (const answer of waiting.splice(0)) answer();
  });
  let closed = 0;
  upstream.server.on('connection', (socket) => socket.on('close', () => (closed += 1)));
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    settings: { upstream: { idleConnections: 1 } },
  });
  const clients = await Promise.all([1, 2, 3].map(() => connectClient(t, proxy.httpPort)));
  for (const client of clients) client.write(GET);
  await Promise.all(clients.map((client) => client.readAnswer()));
  while (closed < 2)
    await once(upstream.server, 'request', { signal: AbortSignal.timeout(20) }).catch(
      () => undefined,
    );
  assert.equal(closed, 2);
});

test('with idle connections off, each request says close upstream', async (t) => {
  const seen: (string | undefined)[] = [];
  const upstream = await startUpstream(t, (request, response) => {
    seen.push(request.headers.connection);
    response.end('x');
  });
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    settings: { upstream: { idleConnections: 'off' } },
  });
  const client = await connectClient(t, proxy.httpPort);
  for (let round = 0; round < 2; round++) {
    client.write(GET);
    await client.readAnswer();
  }
  assert.deepEqual(seen, ['close', 'close']);
  assert.equal(upstream.connections(), 2);
});

test('an idle upstream connection that speaks unasked is closed and never used', async (t) => {
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n';
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', () => {
      socket.write(`${answer}a`, () => setImmediate(() => socket.write(`${answer}b`)));
      socket.on('end', () => upstream.server.emit('gone'));
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  const gone = once(upstream.server, 'gone');
  client.write(GET);
  assert.equal((await client.readAnswer()).body, 'a');
  await gone;
  client.write(GET);
  assert.equal((await client.readAnswer()).body, 'a');
  assert.equal(upstream.connections(), 2);
});

test('bytes after an answer end the upstream connection, and nobody sees them', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.on('data', () => {
      socket.write(
        'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison',
      );
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  for (let round = 0; round < 2; round++) {
    client.write(GET);
    assert.equal((await client.readAnswer()).body, 'a');
  }
  assert.equal(upstream.connections(), 2);
});

test('bytes behind an answer that fills what is read at once are not the next answer', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: ';
    const filling = 'a'.repeat(SHORT_BLOCK_BYTES - head.length - 4);
    socket.on('data', () => {
      socket.write(`${head}${filling}\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`);
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  // Both at once, so that the second asks as soon as the first is answered.
  client.write(GET + GET);
  assert.equal((await client.readAnswer()).body, '');
  assert.equal((await client.readAnswer()).body, '');
  assert.equal(upstream.connections(), 2);
});
