/** Config changes and the end of a worker disturb nobody (security.md 11.2, 11.3). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import test from 'node:test';
import { connectClient } from './harness/raw-client.ts';
import { startProxy } from './harness/start-proxy.ts';
import { startUpstream } from './harness/upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';

test('drain: nothing new is accepted, idle connections close, exchanges finish with close', async (t) => {
  const { promise: asked, resolve } = Promise.withResolvers<ServerResponse>();
  const upstream = await startUpstream(t, (request, response) => {
    if (request.url === '/slow') resolve(response);
    else response.end('quick');
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const idle = await connectClient(t, proxy.httpPort);
  idle.write(GET);
  await idle.readAnswer();
  const busy = await connectClient(t, proxy.httpPort);
  busy.write('GET /slow HTTP/1.1\r\nHost: app.test\r\n\r\n');
  const response = await asked;

  let isDrained = false;
  const drained = proxy.dataPlane.drain().then(() => (isDrained = true));
  assert.equal(await idle.readToEnd(), '');
  const late = connect(proxy.httpPort, '127.0.0.1');
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
  assert.equal(isDrained, false);

  response.end('slow');
  const answer = await busy.readAnswer();
  assert.equal(answer.body, 'slow');
  assert.deepEqual(answer.fields.get('connection'), ['close']);
  await drained;
});

test('drain without exchanges is done at once', async (t) => {
  const proxy = await startProxy(t, {});
  await proxy.dataPlane.drain();
});

test('what an answer that had begun was sent before the drain, it still ends whole', async (t) => {
  const { promise: asked, resolve } = Promise.withResolvers<ServerResponse>();
  const upstream = await startUpstream(t, (_request, response) => {
    response.write('first ');
    resolve(response);
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  await client.waitFor('first ');
  const drained = proxy.dataPlane.drain();
  (await asked).end('last');
  assert.equal((await client.readAnswer()).body, 'first last');
  assert.equal(await client.readToEnd(), '');
  await drained;
});

test('a change of routes and endpoints leaves exchanges and connections alone', async (t) => {
  const { promise: asked, resolve } = Promise.withResolvers<ServerResponse>();
  const before = await startUpstream(t, (_request, response) => {
    resolve(response);
  });
  const after = await startUpstream(t, (_request, response) => response.end('after'));
  const proxy = await startProxy(t, { upstreams: [before.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  const response = await asked;
  proxy.apply({ upstreams: [after.endpoint] });
  response.end('before');
  assert.equal((await client.readAnswer()).body, 'before');
  client.write(GET);
  assert.equal((await client.readAnswer()).body, 'after');
  proxy.apply({ upstreams: [after.endpoint], virtualHosts: [{ name: 'other.test' }] });
  client.write(GET);
  assert.equal((await client.readAnswer()).status, 404);
  client.write('GET / HTTP/1.1\r\nHost: other.test\r\n\r\n');
  assert.equal((await client.readAnswer()).body, 'after');
});

test('idle connections to an endpoint that was removed are closed', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('x'));
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const connected = once(upstream.server, 'connection');
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  await client.readAnswer();
  const [socket] = (await connected) as [ReturnType<typeof connect>];
  const closed = once(socket, 'close');
  proxy.apply({ upstreams: [] });
  await closed;
  client.write(GET);
  assert.equal((await client.readAnswer()).status, 503);
});
