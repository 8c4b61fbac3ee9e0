/** The upstream is not trusted: security.md §7. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { connectClient, type RawClient } from '../harness/raw-client.ts';
import { refusedEndpoint } from '../harness/upstream.ts';
import { ask, assertServesOn, request, startProbe } from './probe.ts';
import {
  echoed,
  ok,
  type ReceivedRequest,
  type RecordingUpstream,
  startRecordingUpstream,
} from './recording-upstream.ts';
import { wireTest } from './wire-test.ts';

/** An answer of so many bytes has the proxy read up to 64 KiB at a time on its connection from then on. */
const LARGE_BYTES = 200_000;

/** Answers `/bad` with these bytes, and everything else well: `/large` at length. */
function badOnce(bytes: string, end: 'stay' | 'close' = 'stay') {
  return {
    answer: ({ method, target }: ReceivedRequest, socket: Socket) => {
      if (target === '/large') return ok('x'.repeat(LARGE_BYTES));
      if (target !== '/bad') return ok(echoed(method, target, 'app.test'));
      if (end === 'close') {
        socket.end(bytes, 'latin1');
        return undefined;
      }
      return bytes;
    },
  };
}

/** The answer to `/bad` is our own 502, and the next request gets its own answer. */
async function assertRefused(client: RawClient): Promise<void> {
  client.write(request('GET /bad HTTP/1.1') + request('GET /next HTTP/1.1'));
  const bad = await client.readAnswer();
  assert.equal(bad.status, 502);
  assert.ok(!bad.body.includes('hello'));
  assert.equal((await client.readAnswer()).body, echoed('GET', '/next', 'app.test'));
}

/** On which of its connections each request came. */
function connectionsOf({ requests }: RecordingUpstream): number[] {
  return requests.map(({ connection }) => connection);
}

const STATUS = 'HTTP/1.1 200 OK\r\n';

for (const [name, bytes] of [
  ['lengths that differ', `${STATUS}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
  ['a list of lengths', `${STATUS}Content-Length: 5, 6\r\n\r\nhello`],
  ['a signed length', `${STATUS}Content-Length: +5\r\n\r\nhello`],
  ['a negative length', `${STATUS}Content-Length: -5\r\n\r\nhello`],
  ['a hex length', `${STATUS}Content-Length: 0x5\r\n\r\nhello`],
  ['a length above 2^53', `${STATUS}Content-Length: 9007199254740993\r\n\r\nhello`],
  [
    'a bad length beside chunked',
    `${STATUS}Content-Length: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ['an unknown coding', `${STATUS}Transfer-Encoding: gzip\r\n\r\nhello`],
  ['a code of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a code of letters', 'HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n'],
  ['a code above 599', 'HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a code of 0', 'HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n'],
  ['HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['HTTP/0.9', '<html>hello</html>'],
  ['another protocol', 'SSH-2.0-OpenSSH_9.0\r\n'],
  ['NUL in a value', `${STATUS}X-A: b\0c\r\nContent-Length: 0\r\n\r\n`],
  ['a bare CR in a value', `${STATUS}X-A: b\rSet-Cookie: c\r\nContent-Length: 0\r\n\r\n`],
  ['a bare LF in a value', `${STATUS}X-A: b\nSet-Cookie: c\r\nContent-Length: 0\r\n\r\n`],
  ['a folded line', `${STATUS}X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n`],
  ['a space before a colon', `${STATUS}Content-Length : 5\r\n\r\nhello`],
  ['a line without colon', `${STATUS}hello\r\nContent-Length: 0\r\n\r\n`],
  ['bare LFs as line ends', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
] as const) {
  wireTest(['7.1', '2.7'], `502 for ${name}`, async (t) => {
    const { proxy, upstream } = await startProbe(t, { recording: badOnce(bytes) });
    await assertRefused(await connectClient(t, proxy.httpPort));
    assert.deepEqual(connectionsOf(upstream), [1, 2]);
    await assertServesOn(t, proxy);
  });
}

wireTest(
  ['7.1', '1.1'],
  'a length beside chunked: chunked alone counts, and the connection is not used again',
  async (t) => {
    const bytes = `${STATUS}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`;
    const { proxy, upstream } = await startProbe(t, { recording: badOnce(bytes) });
    const client = await connectClient(t, proxy.httpPort);
    client.write(request('GET /bad HTTP/1.1') + request('GET /next HTTP/1.1'));
    const answer = await client.readAnswer();
    assert.equal(answer.body, 'hello');
    assert.deepEqual(answer.fields.get('content-length'), undefined);
    assert.equal((await client.readAnswer()).body, echoed('GET', '/next', 'app.test'));
    assert.deepEqual(connectionsOf(upstream), [1, 2]);
  },
);

/** Of a new connection to an endpoint. */
const FIRST_READ_BYTES = 16_384;

for (const [name, bytes] of [
  ['a size that is no hex', '5\r\nhello\r\nxx\r\n'],
  ['data longer than its size', '5\r\nhello!!\r\n0\r\n\r\n'],
  ['a bare LF after the size', '5\nhello\r\n0\r\n\r\n'],
  ['extensions of 16 KiB in all', `1;a=${'b'.repeat(1_000)}\r\nx\r\n`.repeat(20)],
  ['a trailer with NUL', '5\r\nhello\r\n0\r\nX: \0\r\n\r\n'],
] as const) {
  const head = `${STATUS}Transfer-Encoding: chunked\r\n\r\n`;

  wireTest(['7.1', '7.2', '1.12'], `a chunked answer is cut: ${name}`, async (t) => {
    const begun = Promise.withResolvers<Socket>();
    const { proxy } = await startProbe(t, {
      recording: {
        answer: (_request, socket) => {
          begun.resolve(socket);
          return `${head}5\r\nfirst\r\n`;
        },
      },
    });
    const client = await connectClient(t, proxy.httpPort);
    client.write(request('GET /bad HTTP/1.1') + request('GET /never HTTP/1.1'));
    await client.waitFor('first');
    (await begun.promise).write(bytes, 'latin1');
    const text = await client.readToEnd();
    assert.ok(text.startsWith('HTTP/1.1 200 '), text);
    assert.ok(!text.endsWith('\r\n0\r\n\r\n'), 'passed on as complete');
    assert.ok(!text.includes('/never'));
  });

  // What is longer than one read has begun to be answered by the time that it is bad.
  const needsLongReads = head.length + bytes.length > FIRST_READ_BYTES;
  wireTest(['7.1', '1.12'], `502 for chunks that are bad from the start: ${name}`, async (t) => {
    const { proxy, upstream } = await startProbe(t, { recording: badOnce(head + bytes) });
    const client = await connectClient(t, proxy.httpPort);
    if (needsLongReads) {
      client.write(request('GET /large HTTP/1.1'));
      assert.equal((await client.readAnswer()).body.length, LARGE_BYTES);
    }
    await assertRefused(client);
    assert.deepEqual(connectionsOf(upstream), needsLongReads ? [1, 1, 2] : [1, 2]);
  });
}

for (const [name, bytes] of [
  ['a length', `${STATUS}Content-Length: 10\r\n\r\nhello`],
  ['chunks', `${STATUS}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`],
  [
    'chunks without the last line',
    `${STATUS}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n`,
  ],
] as const) {
  wireTest(['7.2'], `an answer that is cut is cut for the client: ${name}`, async (t) => {
    const { proxy } = await startProbe(t, { recording: badOnce(bytes, 'close') });
    const client = await connectClient(t, proxy.httpPort);
    client.write(request('GET /bad HTTP/1.1') + request('GET /never HTTP/1.1'));
    const text = await client.readToEnd();
    assert.ok(text.includes('hello'));
    assert.ok(!text.endsWith('0\r\n\r\n') && !text.includes('/never'), 'passed on as complete');
    await assertServesOn(t, proxy);
  });
}

wireTest(
  ['7.2'],
  'an answer until the close that is reset is reset for a client of 1.0',
  async (t) => {
    const { proxy } = await startProbe(t, {
      recording: {
        answer: (_request, socket) => {
          socket.write(`${STATUS}\r\nhello`, () => {
            setImmediate(() => socket.resetAndDestroy());
          });
          return undefined;
        },
      },
    });
    const client = await connectClient(t, proxy.httpPort);
    client.write(request('GET / HTTP/1.0'));
    const text = await client.readToEnd();
    assert.ok(
      client.ended === 'reset' || text.startsWith('HTTP/1.1 502'),
      `${client.ended}: ${text}`,
    );
  },
);

for (const [name, bytes, method] of [
  [
    'after a length',
    `${STATUS}Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`,
    'GET',
  ],
  [
    'after chunks',
    `${STATUS}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`,
    'GET',
  ],
  ['as the body of 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil', 'GET'],
  ['as the body of 304', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil', 'GET'],
  ['as the body of an answer to HEAD', `${STATUS}Content-Length: 4\r\n\r\nevil`, 'HEAD'],
  [
    'as chunks of 204',
    'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n',
    'GET',
  ],
] as const) {
  wireTest(
    ['7.3', '1.1'],
    `bytes that belong to no message end their connection: ${name}`,
    async (t) => {
      const { proxy, upstream } = await startProbe(t, { recording: badOnce(bytes) });
      const client = await connectClient(t, proxy.httpPort);
      client.write(request(`${method} /bad HTTP/1.1`) + request('GET /next HTTP/1.1'));
      const first = await client.readAnswer({ head: method === 'HEAD' });
      assert.ok(!first.body.includes('evil'));
      assert.equal((await client.readAnswer()).body, echoed('GET', '/next', 'app.test'));
      assert.equal(client.received, '');
      assert.deepEqual(connectionsOf(upstream), [1, 2]);
    },
  );
}

wireTest(
  ['7.3'],
  'an answer that nobody asked for, on an idle connection, is seen by nobody',
  async (t) => {
    const idle = Promise.withResolvers<Socket>();
    const { proxy, upstream } = await startProbe(t, {
      recording: {
        answer: ({ method, target }, socket) => {
          idle.resolve(socket);
          return ok(echoed(method, target, 'app.test'));
        },
      },
    });
    await assertServesOn(t, proxy);
    const socket = await idle.promise;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(`${STATUS}Content-Length: 4\r\n\r\nevil`);
    await closed;
    await assertServesOn(t, proxy);
    assert.deepEqual(connectionsOf(upstream), [1, 2]);
  },
);

for (const method of ['GET', 'POST', 'PATCH']) {
  wireTest(['7.4'], `a connection that is refused is tried elsewhere: ${method}`, async (t) => {
    const good = await startRecordingUpstream(t);
    const endpoints = [await refusedEndpoint(), await refusedEndpoint(), good.endpoint];
    const { proxy } = await startProbe(t, { upstreams: endpoints });
    for (let round = 0; round < 3; round++) {
      const body = method === 'GET' ? '' : 'hello';
      const lines = method === 'GET' ? [] : ['Content-Length: 5'];
      const answer = await ask(t, proxy, request(`${method} /${round} HTTP/1.1`, ...lines) + body);
      assert.equal(answer.status, 200);
      assert.equal(good.completed().at(-1)?.body, body);
    }
  });
}

wireTest(['7.4'], 'three attempts, then 502', async (t) => {
  const endpoints = await Promise.all(Array.from({ length: 5 }, () => refusedEndpoint()));
  const { proxy } = await startProbe(t, { upstreams: endpoints });
  assert.equal((await ask(t, proxy, request('GET / HTTP/1.1'))).status, 502);
  assert.equal((await proxy.nextRecord()).attempts.length, 3);
});

for (const { method, attempts } of [
  { method: 'GET', attempts: 3 },
  { method: 'PUT', attempts: 3 },
  { method: 'DELETE', attempts: 3 },
  { method: 'POST', attempts: 1 },
  { method: 'PATCH', attempts: 1 },
  { method: 'LOCK', attempts: 1 },
]) {
  wireTest(
    ['7.4'],
    `an endpoint that closes without an answer: ${method} is sent ${attempts} times`,
    async (t) => {
      const recording = {
        answer: (_request: ReceivedRequest, socket: Socket) => {
          socket.destroy();
          return undefined;
        },
      };
      const upstreams = await Promise.all(
        [1, 2, 3, 4].map(() => startRecordingUpstream(t, recording)),
      );
      const { proxy } = await startProbe(t, {
        upstreams: upstreams.map(({ endpoint }) => endpoint),
      });
      const bytes = `${request(`${method} / HTTP/1.1`, 'Content-Length: 5')}hello`;
      assert.equal((await ask(t, proxy, bytes)).status, 502);
      const requests = upstreams.flatMap(({ requests }) => requests);
      assert.equal(requests.length, attempts);
      assert.ok(requests.every(({ body }) => body === 'hello'));
    },
  );
}

wireTest(['7.4', '7.2'], 'nothing is sent again once a byte of the answer was', async (t) => {
  const upstreams = await Promise.all(
    [1, 2].map(() =>
      startRecordingUpstream(t, {
        answer: (_request, socket) => {
          socket.end(`${STATUS}Content-Length: 10\r\n\r\nhello`);
          return undefined;
        },
      }),
    ),
  );
  const { proxy } = await startProbe(t, { upstreams: upstreams.map(({ endpoint }) => endpoint) });
  const client = await connectClient(t, proxy.httpPort);
  client.write(request('GET / HTTP/1.1'));
  await client.readToEnd();
  assert.equal(upstreams.flatMap(({ requests }) => requests).length, 1);
});

wireTest(
  ['7.5'],
  'our own pages hold nothing of the request, no version, and forbid sniffing',
  async (t) => {
    const { proxy } = await startProbe(t, {
      virtualHosts: [
        { name: 'app.test' },
        { name: 'none.test', routes: [{ action: { kind: 'respond', status: 503 } }] },
        { name: 'shut.test', routes: [{ filters: [{ kind: 'deny', status: 403 }] }] },
      ],
      recording: { answer: () => 'evil' },
    });
    const mark = 'marker<script>';
    for (const [host, status] of [
      ['app.test', 502],
      ['none.test', 503],
      ['shut.test', 403],
      ['nobody.test', 404],
      ['a b', 400],
    ] as const) {
      const bytes = `GET /${mark}?${mark} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: ${mark}\r\nReferer: ${mark}\r\n\r\n`;
      const answer = await ask(t, proxy, bytes);
      assert.equal(answer.status, status, host);
      assert.ok(!`${answer.head}${answer.body}`.includes('marker'), answer.body);
      assert.doesNotMatch(
        `${answer.head}${answer.body}`.replace('HTTP/1.1', ''),
        /\d+\.\d+|\bat .*:\d+/,
      );
      assert.deepEqual(answer.fields.get('x-content-type-options'), ['nosniff']);
      assert.deepEqual(answer.fields.get('content-type'), ['text/html']);
      assert.equal(answer.fields.get('server'), undefined);
      assert.equal(answer.fields.get('content-length')?.[0], String(answer.body.length));
    }
  },
);
