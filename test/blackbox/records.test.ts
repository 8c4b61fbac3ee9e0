/** Every exchange is counted and logged once, whatever became of it; and no defect of ours ends the worker. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import test from 'node:test';
import { connectClient } from './harness/raw-client.ts';
import { startProxy } from './harness/start-proxy.ts';
import { startRawUpstream, startUpstream } from './harness/upstream.ts';

test('a record says what happened', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(201, { 'content-length': '4' });
      response.end('made');
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  const request =
    'POST /things?x=1 HTTP/1.1\r\nHost: App.test:8080\r\nUser-Agent: ua/1\r\nReferer: http://r/\r\n' +
    'X-Request-ID: abc\r\nContent-Length: 5\r\n\r\nhello';
  const before = Date.now();
  client.write(request);
  await client.readAnswer();
  const record = await proxy.nextRecord();
  const [attempt] = record.attempts;
  assert.ok(attempt !== undefined);
  assert.ok(record.startedAtMs >= before - 1_000 && record.startedAtMs <= Date.now() + 1_000);
  assert.ok(record.durationMs >= 0 && record.durationMs < 5_000);
  assert.ok((attempt.headMs ?? -1) >= (attempt.connectMs ?? 0));
  const { startedAtMs, durationMs, attempts, requestFields, responseBytes, ...rest } = record;
  assert.ok(responseBytes > 4);
  assert.ok(startedAtMs > 0 && durationMs >= 0 && attempts.length === 1);
  assert.deepEqual(requestFields?.names, ['User-Agent', 'Referer', 'X-Request-ID']);
  assert.deepEqual(rest, {
    clientAddress: '127.0.0.1',
    scheme: 'http',
    protocol: 'HTTP/1.1',
    method: 'POST',
    target: '/things?x=1',
    authority: 'App.test:8080',
    status: 201,
    requestId: 'abc',
    referer: 'http://r/',
    userAgent: 'ua/1',
    requestBytes: request.length,
    responseBodyBytes: 4,
    labels: {
      namespace: 'test',
      ingress: 'ingress',
      service: 'service',
      servicePort: '80',
      path: '/',
    },
    virtualHost: 'app.test',
    clusterName: 'test-main-80',
    failure: undefined,
  });
  assert.equal(attempt.status, 201);
  assert.equal(attempt.bytes, 4);
  assert.equal(attempt.address, `127.0.0.1:${upstream.port}`);
});

test('a request that can not be read is recorded too', async (t) => {
  const proxy = await startProxy(t, {});
  const client = await connectClient(t, proxy.httpPort);
  client.write('GET\r\n\r\n');
  assert.equal((await client.readAnswer()).status, 400);
  const record = await proxy.nextRecord();
  assert.equal(record.status, 400);
  assert.equal(record.method, '');
  assert.equal(record.virtualHost, undefined);
  assert.deepEqual(record.attempts, []);
  assert.equal(proxy.limits.get('malformed-request'), 1);
});

test('started and finished exchanges balance, however they ended', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.on('data', (chunk: Buffer) => {
      if (chunk.includes('/silent')) {
        upstream.server.emit('silent');
      } else if (chunk.includes('/cut')) {
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx');
      } else {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');
      }
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const ask = async (target: string, host = 'app.test') => {
    const client = await connectClient(t, proxy.httpPort);
    client.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    return client;
  };
  await (await ask('/')).readToEnd();
  await (await ask('/cut')).readToEnd();
  await (await ask('/', 'nobody.test')).readToEnd();
  await (await ask('/', 'not a host')).readToEnd();
  const arrived = once(upstream.server, 'silent');
  const gone = await ask('/silent');
  await arrived;
  gone.socket.resetAndDestroy();
  const statuses: number[] = [];
  for (let index = 0; index < 5; index++) statuses.push((await proxy.nextRecord()).status);
  assert.deepEqual(statuses, [200, 200, 404, 400, 499]);
  const report = proxy.stats.take();
  assert.equal(report.exchangesFinished, 5);
  assert.equal(report.exchangesInFlight, 0);
});

test('more connections than there may be are closed, and others are served on', async (t) => {
  const proxy = await startProxy(t, { settings: { client: { maxConnections: 2 } } });
  const first = await connectClient(t, proxy.httpPort);
  const second = await connectClient(t, proxy.httpPort);
  second.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.equal((await second.readAnswer()).status, 200);
  const third = await connectClient(t, proxy.httpPort);
  assert.equal(await third.readToEnd(), '');
  assert.equal(proxy.limits.get('connections'), 1);
  first.end();
  await first.readToEnd();
  const fourth = await connectClient(t, proxy.httpPort);
  fourth.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.equal((await fourth.readAnswer()).status, 200);
});

test('a defect costs one exchange: 500, an error line, and the worker lives', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('x'));
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  let isBroken = true;
  // The nearest thing that an exchange calls and a test can break.
  proxy.stats.limitTripped = () => {
    if (isBroken) throw new Error('broken on purpose');
  };
  const client = await connectClient(t, proxy.httpPort);
  client.write('POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 9999999\r\n\r\n');
  assert.equal((await client.readAnswer()).status, 500);
  assert.equal((await proxy.nextRecord()).status, 500);
  assert.deepEqual(
    proxy.logLines.map(({ level, message }) => ({ level, message })),
    [{ level: 'error', message: 'exchange failed unexpectedly' }],
  );
  isBroken = false;
  const next = await connectClient(t, proxy.httpPort);
  next.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
  assert.equal((await next.readAnswer()).status, 200);
});

test('clients that come and go at once harm nobody', async (t) => {
  const proxy = await startProxy(t, {});
  for (let round = 0; round < 50; round++) {
    const socket = connect(proxy.httpPort, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    if (round % 2 === 0) socket.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
    socket.resetAndDestroy();
  }
  const client = await connectClient(t, proxy.httpPort);
  client.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.equal((await client.readAnswer()).status, 200);
  assert.deepEqual(proxy.logLines, []);
});
