/** What good answers of an HTTP/2 endpoint become for a client. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode, Flag, FrameType } from '../../src/dataplane/http2/frames.ts';
import { connectClient } from '../blackbox/harness/raw-client.ts';
import { startProxy } from '../blackbox/harness/start-proxy.ts';
import { ask, GET } from './ask-endpoint.ts';
import { startRawEndpoint, type FieldPairs } from './raw-endpoint.ts';

test('the head of an answer does not wait for its body', async (t) => {
  const { endpoint } = await startRawEndpoint(t, async (peer) => {
    const { streamId } = await peer.next(FrameType.Headers);
    peer.head(streamId, [[':status', '200']]);
  });
  const proxy = await startProxy(t, { upstreams: [endpoint], protocol: 'grpc' });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  await client.waitFor('HTTP/1.1 200 OK\r\n');
});

test('an answer without length is chunked for an HTTP/1.1 client', async (t) => {
  const { client } = await ask(t, (peer, id) => {
    peer.head(id, [
      [':status', '200'],
      ['x-a', '1'],
    ]);
    peer.data(id, 'hel');
    peer.data(id, 'lo', 'end');
  });
  const { status, head, fields, body } = await client.readAnswer();
  assert.equal(status, 200);
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.deepEqual(fields.get('x-a'), ['1']);
  assert.deepEqual(fields.get('transfer-encoding'), ['chunked']);
  assert.equal(body, 'hello');
});

test('an answer that ends with its head has no body, and the connection goes on', async (t) => {
  const { client, peer } = await ask(t, (endpoint, id) => {
    endpoint.head(id, [[':status', '404']], 'end');
  });
  assert.deepEqual((await client.readAnswer()).fields.get('content-length'), ['0']);
  client.write(GET);
  const { streamId } = await peer.next(FrameType.Headers);
  assert.equal(streamId, 3);
  peer.head(streamId, [
    [':status', '201'],
    ['content-length', '2'],
  ]);
  peer.data(streamId, 'ok', 'end');
  const { status, body } = await client.readAnswer();
  assert.deepEqual([status, body], [201, 'ok']);
});

test('padding is no body', async (t) => {
  const { client } = await ask(t, (peer, id) => {
    peer.head(id, [[':status', '200']]);
    const padded = Buffer.concat([Buffer.of(4), Buffer.from('body'), Buffer.alloc(4)]);
    peer.send(FrameType.Data, Flag.Padded | Flag.EndStream, id, padded);
  });
  assert.equal((await client.readAnswer()).body, 'body');
});

test('interim answers are passed on, 100 is not', async (t) => {
  const { client } = await ask(t, (peer, id) => {
    peer.head(id, [[':status', '100']]);
    peer.head(id, [
      [':status', '103'],
      ['link', '</a>; rel=preload'],
    ]);
    peer.head(id, [[':status', '204']], 'end');
  });
  const early = await client.readAnswer();
  assert.equal(early.status, 103);
  assert.deepEqual(early.fields.get('link'), ['</a>; rel=preload']);
  assert.equal((await client.readAnswer()).status, 204);
});

test('the length that an answer to HEAD declares is passed on', async (t) => {
  const { client } = await ask(
    t,
    (peer, id) => {
      peer.head(
        id,
        [
          [':status', '200'],
          ['content-length', '12'],
        ],
        'end',
      );
    },
    'HEAD / HTTP/1.1\r\nHost: app.test\r\n\r\n',
  );
  const { fields } = await client.readAnswer({ head: true });
  assert.deepEqual(fields.get('content-length'), ['12']);
});

const TRAILERS: FieldPairs = [
  ['grpc-status', '0'],
  ['content-length', '3'],
  ['host', 'evil.test'],
  ['set-cookie', 'a=b'],
  ['x-late', 'yes'],
];

for (const [name, te, want] of [
  [
    'go to a client that takes them, but for those that must not come late',
    'TE: trailers\r\n',
    'grpc-status: 0\r\nx-late: yes\r\n',
  ],
  ['do not go to one that does not', '', ''],
] as const) {
  test(`trailers ${name}`, async (t) => {
    const { client } = await ask(
      t,
      (peer, id) => {
        peer.head(id, [[':status', '200']]);
        peer.data(id, 'x');
        peer.head(id, TRAILERS, 'end');
      },
      `GET / HTTP/1.1\r\nHost: app.test\r\n${te}\r\n`,
    );
    await client.waitFor('\r\n0\r\n');
    assert.ok(client.received.endsWith(`\r\n1\r\nx\r\n0\r\n${want}\r\n`), client.received);
  });
}

test('a body on 204 does not reach the client', async (t) => {
  const { client } = await ask(t, (peer, id) => {
    peer.head(id, [[':status', '204']]);
    peer.data(id, 'HTTP/1.1 200 OK\r\n\r\n', 'end');
  });
  assert.ok(!(await client.readToEnd()).includes('200 OK'));
});

test('an answer that came as long as it was to be, and a reset without error, is whole', async (t) => {
  const { endpoint } = await startRawEndpoint(t, async (peer) => {
    const { streamId } = await peer.next(FrameType.Headers);
    peer.head(streamId, [
      [':status', '200'],
      ['content-length', '3'],
    ]);
    peer.data(streamId, 'abc');
    peer.reset(streamId, ErrorCode.NoError);
  });
  const proxy = await startProxy(t, { upstreams: [endpoint], protocol: 'grpc' });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  assert.equal((await client.readAnswer()).body, 'abc');
  assert.equal((await proxy.nextRecord()).failure, undefined);
});
