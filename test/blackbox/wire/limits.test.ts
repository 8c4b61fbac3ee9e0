/** How much is too much: security.md §4. Every limit is counted when it trips. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { connectClient } from '../harness/raw-client.ts';
import { ask, assertRefused, assertServesOn, request, startProbe } from './probe.ts';
import { echoed, ok } from './recording-upstream.ts';
import type { SecurityLine } from './security-lines.ts';
import { wireTest } from './wire-test.ts';

interface LimitCase {
  readonly line: SecurityLine;
  readonly limit: string;
  readonly status: number;
  readonly title: string;
  /** Of so many bytes (or fields) is the largest that passes. */
  readonly bytes: (size: number) => string;
  readonly most: number;
}

const filler = Array.from({ length: 4 }, (_, index) => `X-${index}: ${'a'.repeat(8_000)}`);
const fillerBytes = request('GET / HTTP/1.1', ...filler).length;

const cases: readonly LimitCase[] = [
  {
    line: '4 request line',
    limit: 'request-line',
    status: 414,
    title: 'Request-URI Too Large',
    bytes: (size) => request(`GET /${'a'.repeat(size - 'GET / HTTP/1.1\r\n'.length)} HTTP/1.1`),
    most: 8_192,
  },
  {
    line: '4 one field',
    limit: 'request-field',
    status: 400,
    title: 'Request Header Or Cookie Too Large',
    bytes: (size) => request('GET / HTTP/1.1', `X-A: ${'a'.repeat(size - 'X-A: \r\n'.length)}`),
    most: 8_192,
  },
  {
    line: '4 whole header',
    limit: 'request-head',
    status: 400,
    title: 'Request Header Or Cookie Too Large',
    bytes: (size) =>
      request(
        'GET / HTTP/1.1',
        ...filler,
        `X-A: ${'a'.repeat(size - fillerBytes - 'X-A: \r\n'.length)}`,
      ),
    most: 32_768,
  },
  {
    line: '4 number of fields',
    limit: 'request-fields',
    status: 400,
    title: 'Request Header Or Cookie Too Large',
    bytes: (size) => request('GET / HTTP/1.1', ...Array.from({ length: size - 1 }, () => 'X-A: 1')),
    most: 100,
  },
];

for (const { line, limit, status, title, bytes, most } of cases) {
  wireTest([line, '1.13'], `${line}: ${most} pass, one more is ${status}`, async (t) => {
    const probe = await startProbe(t);
    assert.equal((await ask(t, probe.proxy, bytes(most))).status, 200);
    const answer = await assertRefused(t, probe, bytes(most + 1), [status]);
    assert.ok(answer.body.includes(`${status} ${title}`), answer.body);
    assert.equal(probe.proxy.limits.get(limit), 1);
  });
}

for (const { name, bytes, status } of [
  { name: 'request line', bytes: `GET /${'a'.repeat(8_192)}`, status: 414 },
  { name: 'field', bytes: `GET / HTTP/1.1\r\nX-A: ${'a'.repeat(8_192)}`, status: 400 },
  {
    name: 'head',
    bytes: `GET / HTTP/1.1\r\n${`X-A: ${'a'.repeat(1_000)}\r\n`.repeat(33)}`,
    status: 400,
  },
]) {
  wireTest(
    [
      `4 ${name === 'request line' ? 'request line' : name === 'field' ? 'one field' : 'whole header'}`,
    ],
    `a ${name} without end is refused at the limit`,
    async (t) => {
      await assertRefused(t, await startProbe(t), bytes, [status]);
    },
  );
}

const bodyLimit = { virtualHosts: [{ name: 'app.test', routes: [{ maxBodyBytes: 1_000 }] }] };

wireTest(
  ['4 body'],
  'a declared length over the limit is refused before a byte of it',
  async (t) => {
    const { proxy, upstream } = await startProbe(t, bodyLimit);
    const client = await connectClient(t, proxy.httpPort);
    client.write(request('POST / HTTP/1.1', 'Content-Length: 1001', 'Expect: 100-continue'));
    const answer = await client.readAnswer();
    assert.equal(answer.status, 413);
    assert.deepEqual(answer.fields.get('connection'), ['close']);
    assert.equal(await client.readToEnd(), '');
    assert.equal(upstream.connections(), 0);
    assert.equal(proxy.limits.get('request-body'), 1);
  },
);

wireTest(
  ['4 body', '1.14'],
  'chunks over the limit are refused, and never complete upstream',
  async (t) => {
    const { proxy, upstream } = await startProbe(t, bodyLimit);
    const client = await connectClient(t, proxy.httpPort);
    const chunk = `1f4\r\n${'a'.repeat(500)}\r\n`;
    client.write(request('POST / HTTP/1.1', 'Transfer-Encoding: chunked') + chunk + chunk + chunk);
    client.write('0\r\n\r\n');
    const answer = await client.readAnswer();
    assert.equal(answer.status, 413);
    assert.deepEqual(answer.fields.get('connection'), ['close']);
    await client.readToEnd();
    await assertServesOn(t, proxy);
    assert.equal(upstream.completed().length, 1);
  },
);

wireTest(['4 body'], 'a body of the limit passes', async (t) => {
  const { proxy, upstream } = await startProbe(t, bodyLimit);
  const length = `${request('POST / HTTP/1.1', 'Content-Length: 1000')}${'a'.repeat(1_000)}`;
  const chunks = `${request('POST / HTTP/1.1', 'Transfer-Encoding: chunked')}3e8\r\n${'a'.repeat(1_000)}\r\n0\r\n\r\n`;
  for (const bytes of [length, chunks]) assert.equal((await ask(t, proxy, bytes)).status, 200);
  assert.deepEqual(
    upstream.completed().map(({ body }) => body.length),
    [1_000, 1_000],
  );
});

wireTest(
  ['4 keep-alive requests', '1.15'],
  'the last request of a connection is answered with close',
  async (t) => {
    const { proxy, upstream } = await startProbe(t, {
      settings: { client: { requestsPerConnection: 3 } },
    });
    const client = await connectClient(t, proxy.httpPort);
    for (let index = 1; index <= 4; index++) client.write(request(`GET /${index} HTTP/1.1`));
    for (let index = 1; index <= 3; index++) {
      const { body, fields } = await client.readAnswer();
      assert.equal(body, echoed('GET', `/${index}`, 'app.test'));
      assert.deepEqual(fields.get('connection'), index === 3 ? ['close'] : undefined);
    }
    assert.equal(await client.readToEnd(), '');
    assert.equal(upstream.requests.length, 3);
    assert.equal(proxy.limits.get('requests-per-connection'), 1);
  },
);

for (const { name, answer, limit } of [
  {
    name: 'a head of over 16 KiB',
    answer: ok('', `X-A: ${'a'.repeat(16_384)}`),
    limit: 'upstream-head',
  },
  {
    name: 'a head without end',
    answer: `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(20_000)}`,
    limit: 'upstream-head',
  },
  {
    name: 'over 100 fields',
    answer: ok('', ...Array.from({ length: 100 }, () => 'X-A: 1')),
    limit: 'upstream-fields',
  },
  {
    name: 'over 8 interim answers',
    answer: 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(9) + ok(''),
    limit: 'upstream-interim-answers',
  },
  {
    name: 'over 8 times 100',
    answer: 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(9) + ok(''),
    limit: 'upstream-interim-answers',
  },
]) {
  wireTest(['4 upstream header', '7.1'], `502 for ${name} from upstream`, async (t) => {
    const { proxy } = await startProbe(t, { recording: { answer: () => answer } });
    const client = await connectClient(t, proxy.httpPort);
    client.write(request('GET / HTTP/1.1'));
    let last = await client.readAnswer();
    for (let interim = 0; last.status < 200 && interim < 8; interim++)
      last = await client.readAnswer();
    assert.equal(last.status, 502);
    assert.ok((proxy.limits.get(limit) ?? 0) >= 1, `counted: ${JSON.stringify([...proxy.limits])}`);
  });
}

wireTest(
  ['4 client connections'],
  'connections over the limit are refused and counted; others go on',
  async (t) => {
    const { proxy } = await startProbe(t, { settings: { client: { maxConnections: 3 } } });
    const clients = [];
    for (let index = 0; index < 3; index++) {
      const client = await connectClient(t, proxy.httpPort);
      client.write(request('GET /first HTTP/1.1'));
      assert.equal((await client.readAnswer()).status, 200);
      clients.push(client);
    }
    const refused = connect(proxy.httpPort, '127.0.0.1');
    refused.on('error', () => undefined);
    refused.resume();
    await once(refused, 'close');
    assert.equal(refused.bytesRead, 0);
    assert.equal(proxy.limits.get('connections'), 1);
    for (const client of clients) {
      client.write(request('GET /second HTTP/1.1'));
      assert.equal((await client.readAnswer()).status, 200);
    }
    for (const client of clients) client.destroy();
    await proxyForgets(proxy.limits, async () => {
      await assertServesOn(t, proxy);
    });
  },
);

/** The place of a connection that closed is free in a moment: tries a few times. */
async function proxyForgets(
  limits: ReadonlyMap<string, number>,
  attempt: () => Promise<void>,
): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const refusedBefore = limits.get('connections');
    try {
      await attempt();
      return;
    } catch (error) {
      if (limits.get('connections') === refusedBefore) throw error;
    }
  }
  assert.fail('the place of a closed connection stays taken');
}

wireTest(['4 buffered bytes'], 'what nobody reads is not buffered', async (t) => {
  const piece = 'x'.repeat(65_536);
  let sent = 0;
  const stalled = Promise.withResolvers<undefined>();
  const { proxy } = await startProbe(t, {
    recording: {
      answer: (_request, socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
        const fill = (): void => {
          while (sent < 1_000_000_000) {
            sent += piece.length;
            if (!socket.write(piece)) break;
          }
        };
        socket.on('drain', fill);
        fill();
        let before = -1;
        const watch = setInterval(() => {
          if (sent === before) stalled.resolve(undefined);
          before = sent;
        }, 200);
        socket.on('close', () => {
          clearInterval(watch);
        });
        return undefined;
      },
    },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.socket.pause();
  client.write(request('GET / HTTP/1.1'));
  await stalled.promise;
  // The kernel's buffers of four sockets hold some megabytes; the proxy itself must hold next to nothing.
  assert.ok(sent < 40_000_000, `${sent} bytes were taken`);
  await assertServesOnOther(t, proxy.httpPort);
});

async function assertServesOnOther(
  t: Parameters<typeof connectClient>[0],
  port: number,
): Promise<void> {
  const client = await connectClient(t, port);
  client.write('GET /healthz HTTP/1.1\r\nHost: other.test\r\n\r\n');
  assert.equal((await client.readAnswer()).status, 200);
}
