/** What `proxy-next-upstream` and its companions may say, on the wire (routing.md §13). */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { RetryPolicy, RouteBuffering } from '../../src/model/config.ts';
import { connectClient } from './harness/raw-client.ts';
import { startProxy } from './harness/start-proxy.ts';
import { refusedEndpoint, startRawUpstream, startUpstream } from './harness/upstream.ts';

const BAD_HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n';

/** Two endpoints that answer the same way, and how often they were asked. */
async function startPair(t: TestContext, answer: string) {
  const bodies: string[] = [];
  const start = () =>
    startRawUpstream(t, (socket) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        const [, body] = text.split('\r\n\r\n');
        const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
        if (body === undefined || body.length < length) return;
        text = '';
        bodies.push(body);
        if (answer === '') socket.destroy();
        else socket.write(answer);
      });
    });
  const pair = [await start(), await start()];
  return { endpoints: pair.map(({ endpoint }) => endpoint), bodies };
}

interface Tuning {
  readonly retry?: Partial<RetryPolicy>;
  readonly buffering?: Partial<RouteBuffering>;
}

async function askPair(t: TestContext, answer: string, tuning: Tuning, method: string) {
  const { endpoints, bodies } = await startPair(t, answer);
  const proxy = await startProxy(t, {
    upstreams: endpoints,
    virtualHosts: [{ name: 'app.test', routes: [tuning] }],
  });
  const client = await connectClient(t, proxy.httpPort);
  const body = method === 'GET' ? '' : 'body';
  const length = method === 'GET' ? '' : 'Content-Length: 4\r\n';
  client.write(`${method} / HTTP/1.1\r\nHost: app.test\r\n${length}\r\n${body}`);
  const answered = await client.readAnswer();
  const record = await proxy.nextRecord();
  const addresses = new Set(record.attempts.map(({ address }) => address));
  return { answered, bodies, attempts: record.attempts, addresses };
}

for (const status of [403, 404, 429, 500, 502, 503, 504]) {
  const answer = `HTTP/1.1 ${status} Sorry\r\nContent-Length: 3\r\n\r\nown`;
  const retry = { onStatuses: [status], attempts: 2 };

  test(`http_${status}: another endpoint is asked, and the last answer is passed on`, async (t) => {
    const { answered, attempts, addresses } = await askPair(t, answer, { retry }, 'GET');
    assert.equal(answered.status, status);
    assert.equal(answered.body, 'own');
    assert.equal(addresses.size, 2);
    assert.deepEqual(
      attempts.map((attempt) => attempt.status),
      [status, status],
    );
  });

  test(`${status} that is no condition is passed on at once`, async (t) => {
    const { answered, attempts } = await askPair(t, answer, {}, 'GET');
    assert.equal(answered.body, 'own');
    assert.equal(attempts.length, 1);
  });
}

test('http_503: the good answer of another endpoint is what the client gets, body and all', async (t) => {
  let asked = 0;
  const start = () =>
    startUpstream(t, (request, response) => {
      asked += 1;
      if (asked === 1) response.writeHead(503).end('x'.repeat(100_000));
      else request.pipe(response);
    });
  const upstreams = [(await start()).endpoint, (await start()).endpoint];
  const proxy = await startProxy(t, {
    upstreams,
    virtualHosts: [{ name: 'app.test', routes: [{ retry: { onStatuses: [503] } }] }],
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write('PUT / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 4\r\n\r\nbody');
  const answer = await client.readAnswer();
  assert.equal(answer.status, 200);
  assert.equal(answer.body, 'body');
  client.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
  assert.equal((await client.readAnswer()).status, 200, 'the connection is in order');
});

const conditions: readonly {
  readonly name: string;
  readonly answer: string;
  readonly tuning: Tuning;
  readonly method: string;
  readonly sent: number;
}[] = [
  {
    name: 'a POST is not sent again for a status',
    answer: 'HTTP/1.1 503 Sorry\r\nContent-Length: 0\r\n\r\n',
    tuning: { retry: { onStatuses: [503] } },
    method: 'POST',
    sent: 1,
  },
  {
    name: 'a POST is sent again for a status, with non_idempotent',
    answer: 'HTTP/1.1 503 Sorry\r\nContent-Length: 0\r\n\r\n',
    tuning: { retry: { onStatuses: [503], nonIdempotent: true } },
    method: 'POST',
    sent: 3,
  },
  {
    name: 'a POST is sent again for an error, with non_idempotent',
    answer: '',
    tuning: { retry: { nonIdempotent: true } },
    method: 'POST',
    sent: 3,
  },
  { name: 'a bad head is not mended', answer: BAD_HEAD, tuning: {}, method: 'GET', sent: 1 },
  {
    name: 'a bad head is mended, with invalid_header',
    answer: BAD_HEAD,
    tuning: { retry: { onInvalidHead: true } },
    method: 'GET',
    sent: 3,
  },
  {
    name: 'tries are counted with the first',
    answer: '',
    tuning: { retry: { attempts: 2 } },
    method: 'GET',
    sent: 2,
  },
  {
    name: 'off: one attempt',
    answer: '',
    tuning: { retry: { attempts: 1, onError: false, onTimeout: false } },
    method: 'GET',
    sent: 1,
  },
  {
    name: 'without request buffering a body is sent once',
    answer: '',
    tuning: { buffering: { repeatBytes: 'none' } },
    method: 'PUT',
    sent: 1,
  },
  {
    name: 'without request buffering a request without a body is sent again',
    answer: '',
    tuning: { buffering: { repeatBytes: 'none' } },
    method: 'GET',
    sent: 3,
  },
];

for (const { name, answer, tuning, method, sent } of conditions) {
  test(name, async (t) => {
    const { answered, bodies } = await askPair(t, answer, tuning, method);
    assert.equal(answered.status, answer.includes(' 503 ') ? 503 : 502);
    assert.deepEqual(bodies, Array(sent).fill(method === 'GET' ? '' : 'body'));
  });
}

test('without request buffering a connection that is refused is still mended, body and all', async (t) => {
  const good = await startUpstream(t, (request, response) => request.pipe(response));
  const proxy = await startProxy(t, {
    upstreams: [await refusedEndpoint(), good.endpoint],
    virtualHosts: [{ name: 'app.test', routes: [{ buffering: { repeatBytes: 'none' } }] }],
  });
  const client = await connectClient(t, proxy.httpPort);
  for (let round = 0; round < 4; round++) {
    client.write('POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 4\r\n\r\nbody');
    assert.equal((await client.readAnswer()).body, 'body');
  }
});

for (const { repeatBytes, status } of [
  { repeatBytes: 65_536, status: 502 },
  { repeatBytes: 131_072, status: 200 },
]) {
  test(`client-body-buffer-size: 100 KB of which ${repeatBytes} may be kept`, async (t) => {
    let asked = 0;
    const start = () =>
      startUpstream(t, (request, response) => {
        asked += 1;
        const isFirst = asked === 1;
        let bytes = 0;
        request.on('data', (chunk: Buffer) => (bytes += chunk.length));
        request.on('end', () => {
          if (isFirst) request.socket.destroy();
          else response.end(String(bytes));
        });
      });
    const proxy = await startProxy(t, {
      upstreams: [(await start()).endpoint, (await start()).endpoint],
      virtualHosts: [{ name: 'app.test', routes: [{ buffering: { repeatBytes } }] }],
    });
    const client = await connectClient(t, proxy.httpPort);
    client.write('PUT / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 100000\r\n\r\n');
    client.write(Buffer.alloc(100_000));
    const answer = await client.readAnswer();
    assert.equal(answer.status, status);
    if (status === 200) assert.equal(answer.body, '100000');
  });
}

test('no attempt begins after proxy-next-upstream-timeout', async (t) => {
  const silent = await startRawUpstream(t, (socket) => socket.resume());
  for (const { withinMs, attempts } of [
    { withinMs: 100, attempts: 1 },
    { withinMs: 10_000, attempts: 3 },
  ] as const) {
    const route = { retry: { withinMs }, timeouts: { readMs: 150 } };
    const proxy = await startProxy(t, {
      upstreams: [silent.endpoint],
      virtualHosts: [{ name: 'app.test', routes: [route] }],
    });
    const client = await connectClient(t, proxy.httpPort);
    client.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
    assert.equal((await client.readAnswer()).status, 504);
    assert.equal((await proxy.nextRecord()).attempts.length, attempts);
  }
});

test('endpoints that refuse connections cost a GET nothing but time', async (t) => {
  const good = await startUpstream(t, (_request, response) => response.end('ok'));
  const refused = [await refusedEndpoint(), await refusedEndpoint()];
  const proxy = await startProxy(t, { upstreams: [...refused, good.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  for (let round = 0; round < 30; round++) {
    client.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
    assert.equal((await client.readAnswer()).body, 'ok');
  }
});
