/** Requests that turn out malformed after their head: a 400 in the record, and a reset stream (RFC 9113 §8.1.1). */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ErrorCode } from '../../src/dataplane/http2/frames.ts';
import { startProbe, type Probe } from '../blackbox/wire/probe.ts';
import {
  connectHttp2,
  data,
  frame,
  get,
  headerBlock,
  request,
  windowUpdate,
  type FrameClient,
} from './frame-client.ts';

const WRONG_LENGTH = 'Content-Length is not a number, or not the length of the body';

interface Bench extends Probe {
  readonly client: FrameClient;
}

async function start(t: TestContext, options?: Parameters<typeof startProbe>[1]): Promise<Bench> {
  const probe = await startProbe(t, options);
  return { ...probe, client: await connectHttp2(t, probe.proxy.httpPort) };
}

for (const { name, frames } of [
  { name: 'too long', frames: [data(1, 'hello!', true)] },
  { name: 'too short', frames: [data(1, 'hell', true)] },
  {
    name: 'too short before trailers',
    frames: [data(1, 'h'), frame(1, 5, 1, headerBlock([['x', 'y']]))],
  },
]) {
  test(`a body ${name} for its length is never completed upstream`, async (t) => {
    const { client, proxy, upstream } = await start(t);
    client.request(1, request('POST', '/', ['content-length', '5']), false);
    client.send(...frames);
    const answer = await client.answer(1);
    assert.deepEqual([answer.status, answer.reset], [0, ErrorCode.ProtocolError]);
    const { status, failure } = await proxy.nextRecord();
    assert.deepEqual([status, failure], [400, WRONG_LENGTH]);
    assert.equal(proxy.limits.get('malformed-request'), 1);
    client.request(901, get('/after'));
    assert.equal((await client.answer(901)).status, 200);
    assert.deepEqual(
      upstream.completed().map(({ target }) => target),
      ['/after'],
    );
  });
}

test('a body that turns out malformed once its answer has begun cuts that', async (t) => {
  const { client, proxy } = await start(t, {
    recording: {
      onHead: (_, socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
      },
    },
  });
  client.request(1, request('POST', '/', ['content-length', '5']), false);
  client.send(data(1, 'h'));
  await client.until(() => client.stream(1).body === 'half');
  client.send(data(1, 'hello'));
  assert.equal((await client.answer(1)).reset, ErrorCode.ProtocolError);
  const { status, failure } = await proxy.nextRecord();
  assert.deepEqual([status, failure], [200, WRONG_LENGTH]);
});

test('a request whose stream breaks the protocol is refused, too, in the record', async (t) => {
  const { client, proxy } = await start(t);
  client.request(1, request('POST', '/'), false);
  client.send(data(1, 'h'), windowUpdate(1, 0));
  assert.equal((await client.answer(1)).reset, ErrorCode.ProtocolError);
  const { status, failure } = await proxy.nextRecord();
  assert.deepEqual([status, failure], [400, 'client broke the protocol on the stream']);
  assert.equal(proxy.limits.get('malformed-request'), 1);
  client.request(3, get('/after'));
  assert.equal((await client.answer(3)).status, 200);
});
