/** Random exchanges with node:http2 (nghttp2) as the endpoint: what arrives on either side is what was sent on the other. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { constants, createServer, type ServerHttp2Stream, type ServerOptions } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startProxy } from '../blackbox/harness/start-proxy.ts';

const EXCHANGES = 120;
const AT_ONCE = 12;

/** mulberry32: the same exchanges for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

interface Message {
  readonly body: Buffer;
  readonly fields: Readonly<Record<string, string>>;
  readonly hasLength: boolean;
}

interface Plan {
  readonly id: number;
  readonly request: Message;
  readonly answer: Message & { readonly status: number };
}

function planOf(id: number, seed: number): Plan {
  const random = randomOf(seed * 10_007 + id);
  const message = (): Message => {
    const size = [0, 1, 100, 16_384, 16_385, 70_000, 300_000][random(7)] ?? 0;
    const fields: Record<string, string> = {};
    for (let count = random(8); count > 0; count--) {
      fields[`x-f-${random(30)}`] = 'v'.repeat(random(200)) + String.fromCharCode(33 + random(90));
    }
    return { body: Buffer.alloc(size, `${id} `), fields, hasLength: random(2) === 0 };
  };
  return {
    id,
    request: message(),
    answer: { ...message(), status: [200, 201, 404, 503][random(4)] ?? 200 },
  };
}

const ENDPOINTS: readonly (readonly [name: string, options: ServerOptions])[] = [
  ['its defaults', {}],
  ['padding', { paddingStrategy: constants.PADDING_STRATEGY_MAX }],
  // Smaller windows are taken for an attack where they make for many crumbs.
  [
    'no HPACK table and a small window',
    { settings: { headerTableSize: 0, initialWindowSize: 8_000 } },
  ],
  ['two streams a connection', { settings: { maxConcurrentStreams: 2 } }],
  ['large frames', { settings: { maxFrameSize: 1_000_000, initialWindowSize: 1_000_000 } }],
];

for (const [index, [name, options]] of ENDPOINTS.entries()) {
  test(`node:http2 as an endpoint with ${name}`, async (t) => {
    const plans = Array.from({ length: EXCHANGES }, (_, id) => planOf(id, index));
    const server = createServer(options);
    const failures: unknown[] = [];
    server.on('stream', (stream: ServerHttp2Stream, head) => {
      stream.on('error', (error) => failures.push(error));
      const received: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => received.push(chunk));
      stream.on('end', () => {
        const plan = plans[Number(String(head[':path']).slice(1))];
        if (plan === undefined) return;
        const { request, answer } = plan;
        if (!Buffer.concat(received).equals(request.body)) failures.push(`body of ${plan.id}`);
        for (const [field, value] of Object.entries(request.fields)) {
          if (head[field] !== value) failures.push(`${field} of ${plan.id}`);
        }
        const length = answer.hasLength ? { 'content-length': answer.body.length } : {};
        stream.respond({ ':status': answer.status, ...answer.fields, ...length });
        stream.end(answer.body);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const proxy = await startProxy(t, {
      upstreams: [{ address: '127.0.0.1', port }],
      protocol: 'grpc',
    });
    const rest = [...plans];
    const work = async (): Promise<void> => {
      for (let plan = rest.pop(); plan !== undefined; plan = rest.pop()) {
        await exchange(proxy.httpPort, plan);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    assert.deepEqual(failures, []);
    assert.equal(proxy.records.length, plans.length);
  });
}

async function exchange(port: number, { id, request, answer }: Plan): Promise<void> {
  const length = request.hasLength ? { 'content-length': request.body.length } : {};
  const sent = httpRequest({
    port,
    host: '127.0.0.1',
    method: 'PUT',
    path: `/${id}`,
    headers: { host: 'app.test', ...request.fields, ...length },
    agent: false,
  });
  sent.end(request.body);
  const [received] = (await once(sent, 'response')) as [IncomingMessage];
  const body = Buffer.concat((await received.toArray()) as Buffer[]);
  assert.equal(received.statusCode, answer.status);
  assert.ok(body.equals(answer.body), `${body.length} bytes instead of ${answer.body.length}`);
  for (const [field, value] of Object.entries(answer.fields)) {
    assert.equal(received.headers[field], value);
  }
}
