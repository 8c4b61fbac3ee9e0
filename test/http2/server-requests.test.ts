import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ErrorCode, SettingId } from '../../src/dataplane/http2/frames.ts';
import { startProbe, type Probe } from '../blackbox/wire/probe.ts';
import { ok, valuesOf } from '../blackbox/wire/recording-upstream.ts';
import {
  connectHttp2,
  data,
  frame,
  get,
  headerBlock,
  request,
  resetStream,
  valueOf,
  type Fields,
  type FrameClient,
} from './frame-client.ts';

interface Bench extends Probe {
  readonly client: FrameClient;
}

type BenchOptions = Parameters<typeof startProbe>[1];

async function start(t: TestContext, options?: BenchOptions): Promise<Bench> {
  const probe = await startProbe(t, options);
  return { ...probe, client: await connectHttp2(t, probe.proxy.httpPort) };
}

/** This connection still serves. */
async function assertServes(client: FrameClient, streamId = 901): Promise<void> {
  client.request(streamId, get('/after'));
  assert.equal((await client.answer(streamId)).status, 200);
}

test('a request goes upstream as HTTP/1.1 and its answer comes back', async (t) => {
  const { client, proxy, upstream } = await start(t);
  client.request(1, get('/a?b', ['x-own', 'yes'], ['te', 'trailers'], ['accept', '*/*']));
  const answer = await client.answer(1);
  assert.equal(answer.status, 200);
  assert.equal(answer.body, 'GET /a?b app.test');
  assert.equal(valueOf(answer.fields, 'content-length'), '17');
  assert.ok(valueOf(answer.fields, 'date') !== undefined);
  const [received] = upstream.requests;
  assert.deepEqual(valuesOf(received, 'x-own'), ['yes']);
  assert.deepEqual(valuesOf(received, 'x-forwarded-proto'), ['http']);
  const record = await proxy.nextRecord();
  assert.equal(record.protocol, 'HTTP/2.0');
  assert.equal(record.status, 200);
});

test('the settings say what is served', async (t) => {
  const { client } = await start(t, { settings: { client: { http2Streams: 7 } } });
  assert.equal(client.settings.get(SettingId.MaxConcurrentStreams), 7);
  assert.equal(client.settings.get(SettingId.MaxHeaderListSize), 32_768);
  assert.equal(client.settings.get(SettingId.EnableConnectProtocol), 1);
});

/** RFC 9113 §8.1.1, security.md 8.1: their stream is reset, nothing goes upstream, the connection serves on. */
const MALFORMED: Readonly<Record<string, Fields>> = {
  'an upper-case name': get('/', ['X-Own', '1']),
  'an empty name': get('/', ['', '1']),
  'a name with a space': get('/', ['x own', '1']),
  'a name with a colon within': get('/', ['x:own', '1']),
  'CR LF in a value': get('/', ['x-own', '1\r\nx-two: 2']),
  'NUL in a value': get('/', ['x-own', 'a\0b']),
  'a value that begins with a space': get('/', ['x-own', ' a']),
  'LF in :path': get('/a\nb'),
  'CR LF in :method': request('GET / HTTP/1.1\r\nx: y', '/'),
  'a space in :method': request('GE T', '/'),
  'no :method': get('/').slice(1),
  'no :scheme': get('/').filter(([name]) => name !== ':scheme'),
  'no :path': get('/').filter(([name]) => name !== ':path'),
  'an empty :path': get(''),
  'two :path': [...get('/'), [':path', '/b']],
  'two :authority': [[':authority', 'app.test'], ...get('/')],
  'a late pseudo field': [...get('/').slice(0, 3), ['x-own', '1'], [':authority', 'app.test']],
  'an unknown pseudo field': [[':own', '1'], ...get('/')],
  ':status in a request': [[':status', '200'], ...get('/')],
  ':protocol without CONNECT': [[':protocol', 'websocket'], ...get('/')],
  'transfer-encoding': request('POST', '/', ['transfer-encoding', 'chunked']),
  connection: get('/', ['connection', 'close']),
  'keep-alive': get('/', ['keep-alive', '5']),
  'proxy-connection': get('/', ['proxy-connection', 'keep-alive']),
  upgrade: get('/', ['upgrade', 'h2c']),
  'te other than trailers': get('/', ['te', 'gzip']),
  'a length without body': request('POST', '/', ['content-length', '3']),
  'two lengths': request('POST', '/', ['content-length', '0'], ['content-length', '0']),
  'a length that is none': request('POST', '/', ['content-length', '+0']),
};

for (const [name, fields] of Object.entries(MALFORMED)) {
  test(`malformed: ${name}`, async (t) => {
    const { client, proxy, upstream } = await start(t);
    client.request(1, fields);
    const answer = await client.answer(1);
    assert.equal(answer.reset, ErrorCode.ProtocolError);
    assert.equal(answer.status, 0);
    assert.equal((await proxy.nextRecord()).status, 400);
    assert.equal(proxy.limits.get('malformed-request'), 1);
    assert.equal(upstream.requests.length, 0);
    await assertServes(client);
  });
}

/** Refused as over HTTP/1.1, with a status. */
const REFUSED: readonly (readonly [name: string, status: number, fields: Fields])[] = [
  ['a host that differs', 400, get('/', ['host', 'other.test'])],
  ['two hosts', 400, get('/', ['host', 'app.test'], ['host', 'app.test'])],
  ['no authority', 400, get('/').slice(0, 3)],
  ['userinfo in the authority', 400, [...get('/').slice(0, 3), [':authority', 'u@app.test']]],
  ['an absolute target', 400, get('http://app.test/')],
  ['a target without slash', 400, get('a')],
  ['a fragment', 400, get('/a#b')],
  ['a space in the target', 400, get('/a b')],
  ['* for GET', 400, get('*')],
  ['another scheme', 400, get('/').map(([n, v]) => [n, n === ':scheme' ? 'ftp' : v] as const)],
  ['a path above the root', 400, get('/../a')],
  ['TRACE', 405, request('TRACE', '/')],
  [
    'CONNECT',
    405,
    [
      [':method', 'CONNECT'],
      [':authority', 'app.test:443'],
    ],
  ],
  [
    'another protocol',
    501,
    [[':protocol', 'connect-udp'], ...request('CONNECT', '/', ['x-own', '1'])],
  ],
  ['another expectation', 417, request('POST', '/', ['expect', 'tea'])],
  ['a long line', 414, get(`/${'a'.repeat(8_192)}`)],
  ['a long field', 400, get('/', ['x-own', 'a'.repeat(8_192)])],
  ['many fields', 400, get('/', ...Array.from({ length: 101 }, () => ['x-own', '1'] as const))],
  [
    'many crumbs',
    400,
    get('/', ...Array.from({ length: 20 }, () => ['cookie', 'a'.repeat(500)] as const)),
  ],
];

for (const [name, status, fields] of REFUSED) {
  test(`refused: ${name}`, async (t) => {
    const { client, upstream } = await start(t);
    const isOpen = fields.some(([own]) => own === ':protocol');
    client.request(1, fields, !isOpen);
    const answer = await client.answer(1);
    assert.equal(answer.status, status);
    assert.equal(upstream.requests.length, 0);
    await assertServes(client);
  });
}

test('host may say what :authority says, or stand for it', async (t) => {
  const { client, upstream } = await start(t);
  client.request(1, get('/1', ['host', 'APP.test']));
  client.request(3, [...get('/3').slice(0, 3), ['host', 'app.test']]);
  assert.equal((await client.answer(1)).status, 200);
  assert.equal((await client.answer(3)).status, 200);
  for (const received of upstream.requests) {
    assert.deepEqual(valuesOf(received, 'host'), ['app.test']);
  }
});

test('OPTIONS * stays *', async (t) => {
  const { client, upstream } = await start(t);
  client.request(1, request('OPTIONS', '*'));
  assert.equal((await client.answer(1)).status, 200);
  assert.equal(upstream.requests[0]?.target, '*');
});

test('cookie crumbs become one line, underscores and hop-by-hop names go', async (t) => {
  const { client, upstream } = await start(t);
  const crumbs = [
    ['cookie', 'a=1'],
    ['x_own', '1'],
    ['proxy', 'http://evil'],
    ['http2-settings', 'AAA'],
    ['cookie', 'b=2'],
    ['trailer', 'x'],
  ] as const;
  client.request(1, get('/', ...crumbs));
  assert.equal((await client.answer(1)).status, 200);
  const [received] = upstream.requests;
  assert.deepEqual(valuesOf(received, 'cookie'), ['a=1; b=2']);
  for (const name of ['x_own', 'proxy', 'http2-settings', 'trailer', 'te']) {
    assert.deepEqual(valuesOf(received, name), [], name);
  }
});

test('a header list over 32 KiB is refused, and is the last', async (t) => {
  const { client, proxy } = await start(t);
  const fields = Array.from({ length: 9 }, (_, i) => [`x-${i}`, 'a'.repeat(4_000)] as const);
  const block = headerBlock(get('/', ...fields));
  client.send(
    frame(1, 1, 1, block.slice(0, 16_000)),
    frame(9, 0, 1, block.slice(16_000, 32_000)),
    frame(9, 4, 1, block.slice(32_000)),
  );
  assert.equal((await client.answer(1)).status, 400);
  assert.equal((await client.ended()).code, ErrorCode.NoError);
  assert.equal(client.goaways[0]?.code, ErrorCode.EnhanceYourCalm);
  assert.equal(proxy.limits.get('http2-header-list'), 1);
});

test('a body goes upstream whole, with its length or in chunks', async (t) => {
  const { client, upstream } = await start(t);
  client.request(1, request('POST', '/1', ['content-length', '5']), false);
  client.send(data(1, 'he'), data(1, 'llo', true));
  client.request(3, request('POST', '/3'), false);
  // Padding is no part of the body.
  client.send(frame(0, 0x8, 3, `\x03wor\0\0\0`), data(3, 'ld', true));
  assert.equal((await client.answer(1)).status, 200);
  assert.equal((await client.answer(3)).status, 200);
  const byTarget = new Map(upstream.requests.map((received) => [received.target, received]));
  assert.deepEqual([byTarget.get('/1')?.body, byTarget.get('/1')?.framing], ['hello', 'length']);
  assert.deepEqual([byTarget.get('/3')?.body, byTarget.get('/3')?.framing], ['world', 'chunked']);
});

test('a reset stream aborts its request upstream', async (t) => {
  const { client, proxy, upstream } = await start(t);
  client.request(1, request('POST', '/cut'), false);
  client.send(data(1, 'part'));
  client.request(3, get('/other'));
  assert.equal((await client.answer(3)).status, 200);
  client.send(resetStream(1));
  await assertServes(client);
  const records = [await proxy.nextRecord(), await proxy.nextRecord(), await proxy.nextRecord()];
  assert.ok(records.some(({ status }) => status === 499));
  assert.ok(!upstream.completed().some(({ target }) => target === '/cut'));
});

test('trailers of a request are checked, and not passed on to HTTP/1.1', async (t) => {
  const { client, upstream } = await start(t);
  client.request(1, request('POST', '/1'), false);
  client.send(data(1, 'a'), frame(1, 5, 1, headerBlock([['x-checksum', '1']])));
  assert.equal((await client.answer(1)).status, 200);
  client.request(3, request('POST', '/3'), false);
  client.send(data(3, 'a'), frame(1, 5, 3, headerBlock([[':path', '/b']])));
  assert.equal((await client.answer(3)).reset, ErrorCode.ProtocolError);
  client.request(5, request('POST', '/5'), false);
  client.send(data(5, 'a'), frame(1, 4, 5, headerBlock([['x', 'y']])));
  assert.equal((await client.answer(5)).reset, ErrorCode.ProtocolError);
  assert.deepEqual(
    upstream.completed().map(({ target }) => target),
    ['/1'],
  );
});

test('100-continue is answered, other interim answers are passed on', async (t) => {
  const { client } = await start(t, {
    recording: {
      answer: () => `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok('done')}`,
    },
  });
  client.request(1, request('POST', '/', ['expect', '100-continue']), false);
  await client.until(() => client.stream(1).interim.length > 0);
  client.send(data(1, 'body', true));
  const answer = await client.answer(1);
  assert.deepEqual(answer.interim, [100, 103]);
  assert.equal(answer.body, 'done');
});

test('an answer before the end of the body ends the stream without error', async (t) => {
  const { client } = await start(t, { virtualHosts: [{ name: 'other.test' }] });
  client.request(1, request('POST', '/'), false);
  const answer = await client.answer(1);
  assert.equal(answer.status, 404);
  assert.equal(answer.isWhole, true);
  await client.until(() => client.stream(1).reset !== undefined);
  assert.equal(client.stream(1).reset, ErrorCode.NoError);
  // What was on its way is passed over.
  client.send(data(1, 'late'), data(1, 'later', true));
  client.request(3, get('/'));
  assert.equal((await client.answer(3)).status, 404);
});

test('answers that have no body: HEAD, 204, 304', async (t) => {
  const { client } = await start(t, {
    recording: {
      answer: ({ target }) =>
        target === '/head'
          ? 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'
          : `HTTP/1.1 ${target.slice(1)} X\r\n\r\n`,
    },
  });
  client.request(1, request('HEAD', '/head'));
  client.request(3, get('/204'));
  client.request(5, get('/304'));
  const head = await client.answer(1);
  assert.deepEqual([head.status, head.body], [200, '']);
  assert.equal(valueOf(head.fields, 'content-length'), '9');
  assert.equal((await client.answer(3)).status, 204);
  assert.equal((await client.answer(5)).status, 304);
});

test('a cut answer is never passed on as whole', async (t) => {
  const { client } = await start(t, {
    recording: {
      answer: ({ target }, socket) => {
        if (target !== '/cut') return ok('fine');
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
        return undefined;
      },
    },
  });
  client.request(1, get('/cut'));
  const answer = await client.answer(1);
  assert.deepEqual([answer.body, answer.isWhole], ['half', false]);
  assert.equal(answer.reset, ErrorCode.InternalError);
  await assertServes(client);
});

test('fields of an HTTP/1.1 connection do not reach the client', async (t) => {
  const { client } = await start(t, {
    recording: {
      answer: () => ok('fine', 'Connection: X-Gone', 'X-Gone: 1', 'Keep-Alive: 5', 'X-Own: 1'),
    },
  });
  client.request(1, get('/'));
  const { fields } = await client.answer(1);
  assert.deepEqual(
    fields.map(([name]) => name),
    ['x-own', 'date', 'content-length'],
  );
});

for (const { name, length, body } of [
  { name: 'whose length has come', length: '5', body: 'hello' },
  { name: 'of length 0', length: '0', body: '' },
]) {
  test(`a request ${name} is not whole before its stream ends (security.md 8.3)`, async (t) => {
    const { client, upstream, proxy } = await start(t);
    client.request(1, request('POST', '/never', ['content-length', length]), false);
    if (body !== '') client.send(data(1, body));
    client.request(3, get('/between'));
    assert.equal((await client.answer(3)).status, 200);
    client.send(resetStream(1));
    await proxy.nextRecord();
    assert.equal((await proxy.nextRecord()).status, 499);
    client.request(5, request('POST', '/whole', ['content-length', length]), false);
    client.send(data(5, body));
    client.send(data(5, '', true));
    assert.equal((await client.answer(5)).status, 200);
    const completed = upstream.completed().map((each) => [each.target, each.body]);
    assert.deepEqual(completed, [
      ['/between', ''],
      ['/whole', body],
    ]);
  });
}
