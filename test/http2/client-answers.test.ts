/** What answers of an HTTP/2 endpoint become for a client: good ones are passed on, others are a 502 or cut (security.md §7). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode, Flag, FrameType } from '../../src/dataplane/http2/frames.ts';
import { connectClient, type RawClient } from '../blackbox/harness/raw-client.ts';
import { startProxy, type RunningProxy } from '../blackbox/harness/start-proxy.ts';
import { headerBlock, startRawEndpoint, type FieldPairs, type RawPeer } from './raw-endpoint.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n';

async function ask(
  t: test.TestContext,
  onStream: (peer: RawPeer, streamId: number) => void,
  request = GET,
): Promise<{ readonly client: RawClient; readonly proxy: RunningProxy; readonly peer: RawPeer }> {
  const { endpoint, peers } = await startRawEndpoint(t, async (peer) => {
    const { streamId } = await peer.next(FrameType.Headers);
    onStream(peer, streamId);
  });
  const proxy = await startProxy(t, {
    upstreams: [endpoint],
    protocol: 'grpc',
    virtualHosts: [{ name: 'app.test', routes: [{ retry: { attempts: 1 } }] }],
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(request);
  await proxy.nextRecord();
  const [peer] = peers;
  assert.ok(peer);
  return { client, proxy, peer };
}

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
