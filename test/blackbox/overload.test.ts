import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { connectClient } from './harness/raw-client.ts';
import { startProxy } from './harness/start-proxy.ts';
import { startUpstream } from './harness/upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';

test('under high memory pressure an answer closes its connection; afterwards it does not', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('hello'));
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  proxy.dataPlane.setPressure('high');
  const closed = await connectClient(t, proxy.httpPort);
  closed.write(GET);
  const answer = await closed.readAnswer();
  assert.equal(answer.body, 'hello');
  assert.deepEqual(answer.fields.get('connection'), ['close']);
  assert.equal(await closed.readToEnd(), '');
  proxy.dataPlane.setPressure('none');
  const kept = await connectClient(t, proxy.httpPort);
  kept.write(GET);
  assert.equal((await kept.readAnswer()).fields.get('connection'), undefined);
});

test('under critical memory pressure requests get 503 and new connections are closed', async (t) => {
  let requests = 0;
  const upstream = await startUpstream(t, (_request, response) => {
    requests += 1;
    response.end('hello');
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const kept = await connectClient(t, proxy.httpPort);
  kept.write(GET);
  await kept.readAnswer();
  proxy.dataPlane.setPressure('critical');
  kept.write(GET);
  const answer = await kept.readAnswer();
  assert.equal(answer.status, 503);
  assert.deepEqual(answer.fields.get('retry-after'), ['5']);
  assert.deepEqual(answer.fields.get('connection'), ['close']);
  assert.equal(requests, 1);
  const refused = connect(proxy.httpPort, '127.0.0.1').resume();
  refused.on('error', () => undefined);
  await once(refused, 'close');
  assert.equal(refused.bytesRead, 0);
  assert.equal(proxy.limits.get('overload'), 2);
});

test('what is under way when memory runs short is finished', async (t) => {
  const asked = Promise.withResolvers<undefined>();
  const { promise: mayAnswer, resolve: answerNow } = Promise.withResolvers<undefined>();
  const upstream = await startUpstream(t, (_request, response) => {
    asked.resolve(undefined);
    void mayAnswer.then(() => response.end('late'));
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  await asked.promise;
  proxy.dataPlane.setPressure('critical');
  answerNow(undefined);
  assert.equal((await client.readAnswer()).body, 'late');
});
