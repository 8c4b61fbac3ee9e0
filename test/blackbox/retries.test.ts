/** Which failures are mended at another endpoint, and which are told (routing.md §8.3 and §13, security.md 7.4). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { connectClient } from './harness/raw-client.ts';
import { startProxy } from './harness/start-proxy.ts';
import { refusedEndpoint, startRawUpstream, startUpstream } from './harness/upstream.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';
const post = (method: string, body: string): string =>
  `${method} / HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** An endpoint that hangs up on every request once it has read something of it. */
function startHangUp(t: TestContext) {
  return startRawUpstream(t, (socket) => {
    socket.once('data', () => socket.destroy());
  });
}

for (const method of ['GET', 'POST']) {
  test(`${method}: a refused connection is mended at another endpoint`, async (t) => {
    const good = await startUpstream(t, (request, response) => {
      request.pipe(response);
    });
    const proxy = await startProxy(t, { upstreams: [good.endpoint, await refusedEndpoint()] });
    const client = await connectClient(t, proxy.httpPort);
    const tried: number[] = [];
    for (let round = 0; round < 4; round++) {
      client.write(post(method, 'body'));
      const answer = await client.readAnswer();
      assert.equal(answer.status, 200);
      assert.equal(answer.body, 'body');
      tried.push((await proxy.nextRecord()).attempts.length);
    }
    assert.ok(tried.includes(2), String(tried));
  });
}

test('no endpoint accepts: 502 after as many attempts as the policy allows', async (t) => {
  const proxy = await startProxy(t, {
    upstreams: [await refusedEndpoint(), await refusedEndpoint()],
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  assert.equal((await client.readAnswer()).status, 502);
  const record = await proxy.nextRecord();
  assert.equal(record.attempts.length, 3);
  assert.equal(record.failure, 'endpoint refused the connection');
});

test('a policy without errors does not repeat them', async (t) => {
  const proxy = await startProxy(t, {
    upstreams: [await refusedEndpoint()],
    virtualHosts: [{ name: 'app.test', routes: [{ retry: { onError: false } }] }],
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  assert.equal((await client.readAnswer()).status, 502);
  assert.equal((await proxy.nextRecord()).attempts.length, 1);
});

for (const { method, wantStatus } of [
  { method: 'GET', wantStatus: 200 },
  { method: 'PUT', wantStatus: 200 },
  { method: 'DELETE', wantStatus: 200 },
  { method: 'POST', wantStatus: 502 },
  { method: 'PATCH', wantStatus: 502 },
  { method: 'LOCK', wantStatus: 502 },
]) {
  test(`${method} that an endpoint hung up on gives ${wantStatus}`, async (t) => {
    const bad = await startHangUp(t);
    const good = await startUpstream(t, (request, response) => {
      request.pipe(response);
    });
    const proxy = await startProxy(t, { upstreams: [bad.endpoint, good.endpoint] });
    const statuses: number[] = [];
    for (let round = 0; round < 2; round++) {
      const client = await connectClient(t, proxy.httpPort);
      client.write(post(method, 'body'));
      const answer = await client.readAnswer();
      if (answer.status === 200) assert.equal(answer.body, 'body');
      statuses.push(answer.status);
    }
    assert.deepEqual(statuses.sort(), [200, wantStatus]);
    assert.ok(bad.connections() > 0);
  });
}

test('an answer that began is not begun again', async (t) => {
  const bad = await startRawUpstream(t, (socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'));
  });
  const proxy = await startProxy(t, { upstreams: [bad.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  assert.match(await client.readToEnd(), /half$/);
  assert.equal((await proxy.nextRecord()).attempts.length, 1);
});

test('a body that was streamed and can not be had again is not repeated', async (t) => {
  const bad = await startRawUpstream(t, (socket) => {
    let seen = 0;
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      if (seen > 200_000) socket.destroy();
    });
  });
  const proxy = await startProxy(t, { upstreams: [bad.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(post('PUT', 'x'.repeat(300_000)));
  assert.equal((await client.readAnswer()).status, 502);
  assert.equal((await proxy.nextRecord()).attempts.length, 1);
});

/** One endpoint that answers each connection's first request and dies of its second. */
function startShortLived(t: TestContext) {
  return startRawUpstream(t, (socket: Socket) => {
    socket.once('data', () => {
      socket.write(OK);
      socket.once('data', () => socket.destroy());
    });
  });
}

test('a kept connection that turns out dead is replaced, even if policy and endpoints allow no retry', async (t) => {
  const upstream = await startShortLived(t);
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    virtualHosts: [{ name: 'app.test', routes: [{ retry: { attempts: 1 } }] }],
  });
  const client = await connectClient(t, proxy.httpPort);
  for (let round = 0; round < 4; round++) {
    client.write(GET);
    assert.equal((await client.readAnswer()).body, 'ok');
  }
  assert.equal(upstream.connections(), 4);
});

test('a POST on a kept connection that dies is not repeated', async (t) => {
  const upstream = await startShortLived(t);
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  await client.readAnswer();
  client.write(post('POST', 'body'));
  assert.equal((await client.readAnswer()).status, 502);
});

test('a kept connection that the endpoint closed is not used', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', () => socket.end(OK));
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  for (let round = 0; round < 3; round++) {
    const gone = once(upstream.server, 'connection').then(([socket]) =>
      once(socket as Socket, 'close'),
    );
    client.write(post('POST', 'x'));
    assert.equal((await client.readAnswer()).body, 'ok');
    await gone;
  }
});

test('an answer that breaks the protocol is 502, and the request is not repeated', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 banana\r\n\r\n'));
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  assert.equal((await client.readAnswer()).status, 502);
  assert.equal(upstream.connections(), 1);
  assert.equal(proxy.limits.get('malformed-response'), 1);
});

test('no endpoints: 503 at once', async (t) => {
  const proxy = await startProxy(t, { upstreams: [] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  const answer = await client.readAnswer();
  assert.equal(answer.status, 503);
  assert.match(answer.body, /503 Service Temporarily Unavailable/);
});
