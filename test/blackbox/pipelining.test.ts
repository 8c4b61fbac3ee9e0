/** What a client sends ahead is answered in its order, one by one. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { connectClient } from './harness/raw-client.ts';
import { startProxy } from './harness/start-proxy.ts';
import { startUpstream } from './harness/upstream.ts';

test('answers come in the order of the requests, although later ones are ready sooner', async (t) => {
  const order: string[] = [];
  const upstream = await startUpstream(t, (request, response) => {
    order.push(request.url ?? '');
    request.resume();
    request.on('end', () => {
      if (request.url === '/slow') setImmediate(() => setImmediate(() => response.end('slow')));
      else response.end(request.url);
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(
    'GET /slow HTTP/1.1\r\nHost: app.test\r\n\r\n' +
      'POST /post HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhello' +
      'GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n' +
      'POST /chunks HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n' +
      'GET /last HTTP/1.1\r\nHost: app.test\r\n\r\n',
  );
  assert.equal((await client.readAnswer()).body, 'slow');
  assert.equal((await client.readAnswer()).body, '/post');
  assert.equal((await client.readAnswer()).status, 404);
  assert.equal((await client.readAnswer()).body, '/chunks');
  assert.equal((await client.readAnswer()).body, '/last');
  assert.deepEqual(order, ['/slow', '/post', '/chunks', '/last']);
});

test('an error answer waits for the answers before it, and nothing after it is read', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('first'));
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(
    'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n' +
      'GET / HTTP/9.9\r\nHost: app.test\r\n\r\n' +
      'GET /after HTTP/1.1\r\nHost: app.test\r\n\r\n',
  );
  assert.equal((await client.readAnswer()).body, 'first');
  const refusal = await client.readAnswer();
  assert.equal(refusal.status, 505);
  assert.deepEqual(refusal.fields.get('connection'), ['close']);
  assert.equal(await client.readToEnd(), '');
  assert.deepEqual(
    proxy.records.map(({ status }) => status),
    [200, 505],
  );
});

test('a thousand requests in one write are all answered, although nobody reads meanwhile', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('x'.repeat(1_000)));
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    settings: { client: { requestsPerConnection: 2_000 } },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.socket.pause();
  client.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n'.repeat(1_000));
  client.socket.resume();
  for (let round = 0; round < 1_000; round++) {
    assert.equal((await client.readAnswer()).body.length, 1_000);
  }
  assert.equal(upstream.connections(), 1);
});

test('answers of our own to a thousand requests in one write do not nest', async (t) => {
  const proxy = await startProxy(t, {
    settings: { client: { requestsPerConnection: 20_000 } },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(10_000));
  for (let round = 0; round < 10_000; round++) {
    assert.equal((await client.readAnswer()).status, 200);
  }
});

test('a client that half-closes after its requests gets all answers', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    setImmediate(() => response.end(request.url));
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(
    'GET /1 HTTP/1.1\r\nHost: app.test\r\n\r\nGET /2 HTTP/1.1\r\nHost: app.test\r\n\r\n',
  );
  client.end();
  assert.equal((await client.readAnswer()).body, '/1');
  assert.equal((await client.readAnswer()).body, '/2');
  assert.equal(await client.readToEnd(), '');
  assert.equal(client.ended, 'end');
});

for (const { name, rest, wantStatuses } of [
  { name: 'an empty line', rest: '\r\n', wantStatuses: [200] },
  { name: 'the beginning of a head', rest: 'GET / HT', wantStatuses: [200] },
  {
    name: 'the beginning of a body',
    rest: 'PUT / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 9\r\n\r\nfour',
    wantStatuses: [200, 400],
  },
]) {
  test(`what was sent ahead ends with ${name}, and so does the connection`, async (t) => {
    const upstream = await startUpstream(t, (request, response) => {
      request.on('error', () => undefined);
      request.resume();
      if (request.method === 'GET') setTimeout(() => response.end('x'), 30);
    });
    const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
    const client = await connectClient(t, proxy.httpPort);
    client.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
    client.write(rest);
    client.end();
    await client.readToEnd();
    assert.deepEqual(
      proxy.records.map(({ status }) => status),
      wantStatuses,
    );
  });
}
