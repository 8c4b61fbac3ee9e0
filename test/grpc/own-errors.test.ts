/** docs/decisions/grpc-errors.md: what a gRPC client is told when the proxy itself fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectClient } from '../blackbox/harness/raw-client.ts';
import { startProxy, type ProxyOptions } from '../blackbox/harness/start-proxy.ts';
import { refusedEndpoint, startRawUpstream } from '../blackbox/harness/upstream.ts';

interface Case {
  readonly name: string;
  readonly host?: string;
  readonly contentLength?: number;
  readonly options: (silent: { address: string; port: number }) => Promise<ProxyOptions>;
  readonly httpStatus: number;
  readonly grpcStatus: string;
  readonly message: string;
}

const forwardTo = (upstreams: ProxyOptions['upstreams'] & object): Promise<ProxyOptions> =>
  Promise.resolve({ upstreams, protocol: 'grpc' });

const CASES: readonly Case[] = [
  {
    name: 'no route',
    host: 'nobody.test',
    options: () => forwardTo([]),
    httpStatus: 404,
    grpcStatus: '12',
    message: 'Not Found',
  },
  {
    name: 'no endpoint',
    options: () => forwardTo([]),
    httpStatus: 503,
    grpcStatus: '14',
    message: 'Service Temporarily Unavailable',
  },
  {
    name: 'an endpoint that refuses connections',
    options: async () => forwardTo([await refusedEndpoint()]),
    httpStatus: 502,
    grpcStatus: '14',
    message: 'Bad Gateway',
  },
  {
    name: 'an endpoint that says nothing',
    options: async (silent) => ({
      ...(await forwardTo([silent])),
      virtualHosts: [
        { name: 'app.test', routes: [{ timeouts: { readMs: 100 }, retry: { attempts: 1 } }] },
      ],
    }),
    httpStatus: 504,
    grpcStatus: '14',
    message: 'Gateway Time-out',
  },
  {
    name: 'a body over proxy-body-size',
    contentLength: 2_000_000,
    options: (silent) => forwardTo([silent]),
    httpStatus: 413,
    grpcStatus: '2',
    message: 'Request Entity Too Large',
  },
];

for (const { name, host = 'app.test', contentLength = 0, ...wanted } of CASES) {
  test(`${name}: a gRPC client gets grpc-status ${wanted.grpcStatus}, the log says ${wanted.httpStatus}`, async (t) => {
    const silent = await startRawUpstream(t, (socket) => socket.resume());
    const proxy = await startProxy(t, await wanted.options(silent.endpoint));
    const client = await connectClient(t, proxy.httpPort);
    client.write(
      `POST /a.Service/Method HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/grpc\r\nTE: trailers\r\nContent-Length: ${contentLength}\r\n\r\n`,
    );
    const { status, fields, body } = await client.readAnswer();
    assert.equal(status, 200);
    assert.deepEqual(fields.get('content-type'), ['application/grpc']);
    assert.deepEqual(fields.get('grpc-status'), [wanted.grpcStatus]);
    assert.deepEqual(fields.get('grpc-message'), [wanted.message]);
    assert.equal(body, '');
    const record = await proxy.nextRecord();
    assert.equal(record.status, wanted.httpStatus);
    assert.notEqual(record.failure, undefined);
  });
}

test('others keep their page', async (t) => {
  const proxy = await startProxy(t, { upstreams: [], protocol: 'grpc' });
  const client = await connectClient(t, proxy.httpPort);
  client.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
  const { status, fields, body } = await client.readAnswer();
  assert.equal(status, 503);
  assert.equal(fields.get('grpc-status'), undefined);
  assert.match(body, /503 Service Temporarily Unavailable/);
});
