/** What bad answers of an HTTP/2 endpoint become for a client: a 502, or cut (security.md §7). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode, Flag, FrameType } from '../../src/dataplane/http2/frames.ts';
import { connectClient } from '../blackbox/harness/raw-client.ts';
import { startProxy } from '../blackbox/harness/start-proxy.ts';
import { ask, GET } from './ask-endpoint.ts';
import { headerBlock, startRawEndpoint, type FieldPairs, type RawPeer } from './raw-endpoint.ts';

const MALFORMED_HEADS: readonly (readonly [name: string, fields: FieldPairs, end?: 'end'])[] = [
  ['no :status', [['x-a', '1']]],
  ['no field at all', []],
  [':status that is no number', [[':status', '2OO']]],
  [':status of two digits', [[':status', '20']]],
  [':status of six hundreds', [[':status', '600']]],
  [
    'two :status',
    [
      [':status', '200'],
      [':status', '200'],
    ],
  ],
  [
    'a late :status',
    [
      ['x-a', '1'],
      [':status', '200'],
    ],
  ],
  [
    'a pseudo field of requests',
    [
      [':status', '200'],
      [':path', '/'],
    ],
  ],
  [
    '101',
    [
      [':status', '101'],
      ['x-a', 'websocket'],
    ],
  ],
  [
    'a name with a capital',
    [
      [':status', '200'],
      ['X-A', '1'],
    ],
  ],
  [
    'an empty name',
    [
      [':status', '200'],
      ['', '1'],
    ],
  ],
  [
    'a name with a space',
    [
      [':status', '200'],
      ['x a', '1'],
    ],
  ],
  [
    'a name with a line end',
    [
      [':status', '200'],
      ['x\r\ny', '1'],
    ],
  ],
  [
    'a value with a line end',
    [
      [':status', '200'],
      ['x-a', '1\r\nset-cookie: a=b'],
    ],
  ],
  [
    'a value with NUL',
    [
      [':status', '200'],
      ['x-a', '1\0'],
    ],
  ],
  [
    'a value that begins with a space',
    [
      [':status', '200'],
      ['x-a', ' 1'],
    ],
  ],
  [
    'connection',
    [
      [':status', '200'],
      ['connection', 'close'],
    ],
  ],
  [
    'transfer-encoding',
    [
      [':status', '200'],
      ['transfer-encoding', 'chunked'],
    ],
  ],
  [
    'upgrade',
    [
      [':status', '200'],
      ['upgrade', 'h2c'],
    ],
  ],
  [
    'keep-alive',
    [
      [':status', '200'],
      ['keep-alive', 'timeout=5'],
    ],
  ],
  [
    'a length that is no number',
    [
      [':status', '200'],
      ['content-length', '+5'],
    ],
  ],
  [
    'two lengths',
    [
      [':status', '200'],
      ['content-length', '5'],
      ['content-length', '5'],
    ],
  ],
  [
    'a length and no body',
    [
      [':status', '200'],
      ['content-length', '5'],
    ],
    'end',
  ],
  ['an interim answer that ends it', [[':status', '103']], 'end'],
  [
    'too many fields',
    [[':status', '200'], ...Array.from({ length: 101 }, () => ['x', 'y'] as const)],
  ],
  [
    'a head that is too large',
    [
      [':status', '200'],
      ['x', 'y'.repeat(17_000)],
    ],
  ],
];

for (const [name, fields, end] of MALFORMED_HEADS) {
  test(`a head with ${name} is a 502, and its stream is reset`, async (t) => {
    const { client, proxy, peer } = await ask(t, (endpoint, id) => {
      endpoint.send(
        FrameType.Headers,
        end === undefined ? Flag.None : Flag.EndStream,
        id,
        headerBlock(fields).subarray(0, 16_000),
      );
      endpoint.send(
        FrameType.Continuation,
        Flag.EndHeaders,
        id,
        headerBlock(fields).subarray(16_000),
      );
    });
    assert.equal((await client.readAnswer()).status, 502);
    assert.match(proxy.records[0]?.failure ?? '', /^answer refused: /);
    assert.equal((await peer.next(FrameType.RstStream)).streamId, 1);
    // The connection is sound: others go on there.
    client.write(GET);
    const { streamId } = await peer.next(FrameType.Headers);
    peer.head(streamId, [[':status', '200']], 'end');
    assert.equal((await client.readAnswer()).status, 200);
  });
}

test('too many interim answers are a 502', async (t) => {
  const { client, proxy } = await ask(t, (peer, id) => {
    for (let count = 0; count < 9; count++) peer.head(id, [[':status', '103']]);
  });
  for (let count = 0; count < 8; count++) {
    assert.equal((await client.readAnswer()).status, 103);
  }
  assert.equal((await client.readAnswer()).status, 502);
  assert.equal(proxy.limits.get('upstream-interim-answers'), 1);
});

test('DATA before a head is a 502', async (t) => {
  const { client } = await ask(t, (peer, id) => {
    peer.data(id, 'x');
  });
  assert.equal((await client.readAnswer()).status, 502);
});

const CUT: readonly (readonly [
  name: string,
  length: string | undefined,
  breakOff: (peer: RawPeer, id: number) => void,
])[] = [
  [
    'less body than its length',
    '5',
    (peer, id) => {
      peer.data(id, 'd', 'end');
    },
  ],
  [
    'more body than its length',
    '5',
    (peer, id) => {
      peer.data(id, 'defg');
    },
  ],
  [
    'trailers before its length is reached',
    '5',
    (peer, id) => {
      peer.head(id, [['x-a', 'b']], 'end');
    },
  ],
  [
    'trailers that do not end it',
    undefined,
    (peer, id) => {
      peer.head(id, [['x-a', 'b']]);
    },
  ],
  [
    'a pseudo field in the trailers',
    undefined,
    (peer, id) => {
      peer.head(id, [[':status', '200']], 'end');
    },
  ],
  [
    'a reset in its middle',
    undefined,
    (peer, id) => {
      peer.reset(id, ErrorCode.InternalError);
    },
  ],
  [
    'a reset without error in its middle',
    undefined,
    (peer, id) => {
      peer.reset(id, ErrorCode.NoError);
    },
  ],
  [
    'a frame that breaks the connection in its middle',
    undefined,
    (peer) => {
      peer.send(FrameType.PushPromise, Flag.EndHeaders, 1, Buffer.from([0, 0, 0, 2]));
    },
  ],
  [
    'the end of the connection in its middle',
    undefined,
    (peer) => {
      peer.socket.end();
    },
  ],
];

for (const [name, length, breakOff] of CUT) {
  test(`an answer with ${name} is cut`, async (t) => {
    const { endpoint, peers } = await startRawEndpoint(t, async (peer) => {
      await peer.next(FrameType.Headers);
      const lengths = length === undefined ? [] : [['content-length', length] as const];
      peer.head(1, [[':status', '200'], ...lengths]);
      peer.data(1, 'abc');
    });
    const proxy = await startProxy(t, { upstreams: [endpoint], protocol: 'grpc' });
    const client = await connectClient(t, proxy.httpPort);
    client.write(GET);
    await client.waitFor('abc');
    const [peer] = peers;
    assert.ok(peer);
    breakOff(peer, 1);
    const received = await client.readToEnd();
    assert.ok(!received.endsWith('\r\n0\r\n\r\n'), received);
    assert.ok(!/\r\nabcd./s.test(received), received);
    const record = await proxy.nextRecord();
    assert.deepEqual([record.status, record.attempts.length], [200, 1]);
    assert.notEqual(record.failure, undefined);
  });
}
