/** Answers that are given before the request is whole (security.md 1.16), and 100-continue. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { connectClient } from './harness/raw-client.ts';
import { startProxy } from './harness/start-proxy.ts';
import { startRawUpstream, startUpstream } from './harness/upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';

test('a declared length over the limit: 413 and close, and nothing goes upstream', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('x'));
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    virtualHosts: [{ name: 'app.test', routes: [{ maxBodyBytes: 10 }] }],
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(`POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5000000\r\n\r\n`);
  client.write(Buffer.alloc(2_000_000));
  const answer = await client.readAnswer();
  assert.equal(answer.status, 413);
  assert.match(answer.body, /413 Request Entity Too Large/);
  assert.deepEqual(answer.fields.get('connection'), ['close']);
  client.end();
  await client.readToEnd();
  assert.equal(client.ended, 'end');
  assert.equal(upstream.connections(), 0);
  assert.equal(proxy.limits.get('request-body'), 1);
});

test('chunks over the limit: 413 and close, and the endpoint never sees the end', async (t) => {
  let isWhole = false;
  const upstream = await startUpstream(t, (request) => {
    request.on('end', () => (isWhole = true));
    request.on('error', () => undefined);
    request.resume();
  });
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    virtualHosts: [{ name: 'app.test', routes: [{ maxBodyBytes: 10 }] }],
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(
    'POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfives\r\n',
  );
  client.write('6\r\nsixsix\r\n0\r\n\r\n' + GET);
  const answer = await client.readAnswer();
  assert.equal(answer.status, 413);
  assert.deepEqual(answer.fields.get('connection'), ['close']);
  assert.equal(await client.readToEnd(), '');
  assert.equal(isWhole, false);
  assert.equal((await proxy.nextRecord()).status, 413);
  assert.equal(proxy.records.length, 1);
});

test('a small body whose request is answered early is drained, and the connection kept', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('x'));
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write('POST / HTTP/1.1\r\nHost: nobody.test\r\nContent-Length: 60000\r\n\r\n');
  const refused = await client.readAnswer();
  assert.equal(refused.status, 404);
  assert.equal(refused.fields.get('connection'), undefined);
  client.write(Buffer.alloc(60_000, 'x'));
  client.write(GET);
  assert.equal((await client.readAnswer()).body, 'x');
});

test('chunks of a request that was answered early are drained up to a limit', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('x'));
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const start = 'POST / HTTP/1.1\r\nHost: nobody.test\r\nTransfer-Encoding: chunked\r\n\r\n';
  const small = await connectClient(t, proxy.httpPort);
  small.write(`${start}5\r\nhello\r\n0\r\n\r\n${GET}`);
  assert.equal((await small.readAnswer()).status, 404);
  assert.equal((await small.readAnswer()).body, 'x');

  const large = await connectClient(t, proxy.httpPort);
  large.write(start);
  assert.equal((await large.readAnswer()).status, 404);
  large.write(`20000\r\n${'x'.repeat(0x20000)}\r\n0\r\n\r\n${GET}`);
  assert.equal(await large.readToEnd(), '');
});

test('an endpoint that answers without reading the request: the answer is passed on, nothing is reused', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', () => {
      socket.pause();
      socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    });
  });
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    virtualHosts: [{ name: 'app.test', routes: [{ maxBodyBytes: 'none' }] }],
  });
  for (let round = 0; round < 2; round++) {
    const client = await connectClient(t, proxy.httpPort);
    client.write('POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10000000\r\n\r\n');
    client.write(Buffer.alloc(5_000_000));
    const answer = await client.readAnswer();
    assert.equal(answer.status, 403);
    assert.deepEqual(answer.fields.get('connection'), ['close']);
  }
  assert.equal(upstream.connections(), 2);
});

test('100-continue is answered by the proxy once the request is let through, and not passed on', async (t) => {
  let expectation: string | undefined = 'not asked';
  const upstream = await startUpstream(t, (request, response) => {
    expectation = request.headers.expect;
    request.pipe(response);
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(
    'POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n',
  );
  assert.equal((await client.readAnswer()).status, 100);
  client.write('hello');
  const answer = await client.readAnswer();
  assert.equal(answer.status, 200);
  assert.equal(answer.body, 'hello');
  assert.equal(expectation, undefined);
});

test('100-continue is not said where the answer is known: the final one comes at once, and closes', async (t) => {
  const proxy = await startProxy(t, {});
  const client = await connectClient(t, proxy.httpPort);
  client.write(
    'POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n',
  );
  const answer = await client.readAnswer();
  assert.equal(answer.status, 503);
  assert.deepEqual(answer.fields.get('connection'), ['close']);
});

test('interim answers: 103 is passed on, 100 and 102 of the endpoint are not waited for, HTTP/1.0 gets none', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.on('data', () => {
      socket.write(
        'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n' +
          'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      );
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  const hints = await client.readAnswer();
  assert.equal(hints.status, 103);
  assert.deepEqual(hints.fields.get('link'), ['</a.css>']);
  assert.equal((await client.readAnswer()).body, 'ok');
  const old = await connectClient(t, proxy.httpPort);
  old.write('GET / HTTP/1.0\r\nHost: app.test\r\n\r\n');
  assert.equal((await old.readAnswer()).status, 200);
});

test('too many interim answers: 502', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.on('data', () => socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(9)));
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  assert.equal((await client.readAnswer()).status, 502);
  assert.equal(proxy.limits.get('upstream-interim-answers'), 1);
});

test('a client that goes away before its answer: 499, and the endpoint hears of it', async (t) => {
  const { promise: asked, resolve: onAsked } = Promise.withResolvers<undefined>();
  const { promise: gone, resolve: onGone } = Promise.withResolvers<undefined>();
  const upstream = await startUpstream(t, (_request, response) => {
    onAsked(undefined);
    response.on('close', () => {
      onGone(undefined);
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  await asked;
  client.socket.resetAndDestroy();
  await gone;
  assert.equal((await proxy.nextRecord()).status, 499);
});

test('a client that ends before its body does: 400, and the endpoint never sees the end', async (t) => {
  let isWhole = false;
  const upstream = await startUpstream(t, (request) => {
    request.on('end', () => (isWhole = true));
    request.on('error', () => undefined);
    request.resume();
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write('POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\nfour');
  client.end();
  assert.equal((await client.readAnswer()).status, 400);
  assert.equal(isWhole, false);
});
