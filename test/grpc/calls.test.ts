/** Calls of every kind between a gRPC client and server that know nothing of the proxy between them. */
import {
  Metadata,
  status as Status,
  type CallOptions,
  type Client,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { selfSignedCertificate } from '../blackbox/harness/self-signed.ts';
import { startProxy, type RunningProxy } from '../blackbox/harness/start-proxy.ts';
import { connectGrpc, METHODS, startGrpcServer } from './grpc-peers.ts';

type Answer = sendUnaryData<Buffer>;

const SERVICE: UntypedServiceImplementation = {
  Echo(call: ServerUnaryCall<Buffer, Buffer>, answer: Answer) {
    const trailers = new Metadata();
    for (const value of call.metadata.get('echo-bin')) trailers.add('echo-bin', value);
    call.sendMetadata(call.metadata.clone());
    answer(null, call.request, trailers);
  },
  Collect(call: ServerReadableStream<Buffer, Buffer>, answer: Answer) {
    const received: Buffer[] = [];
    call.on('data', (message: Buffer) => received.push(message));
    call.on('end', () => {
      answer(null, Buffer.concat(received));
    });
  },
  Spread(call: ServerWritableStream<Buffer, Buffer>) {
    for (const octet of call.request) call.write(Buffer.of(octet));
    call.end();
  },
  Chat(call: ServerDuplexStream<Buffer, Buffer>) {
    call.on('data', (message: Buffer) => call.write(message));
    call.on('end', () => {
      call.end();
    });
  },
};

const certificate = selfSignedCertificate('a', ['app.test']);

interface Setting {
  readonly name: string;
  readonly down: 'TLS' | 'h2c';
  readonly up: 'TLS' | 'h2c';
}

const SETTINGS: readonly Setting[] = [
  { name: 'TLS down, h2c up', down: 'TLS', up: 'h2c' },
  { name: 'TLS down, TLS up', down: 'TLS', up: 'TLS' },
  { name: 'h2c down, h2c up', down: 'h2c', up: 'h2c' },
];

async function through(
  t: TestContext,
  implementation: UntypedServiceImplementation,
  { down, up }: Pick<Setting, 'down' | 'up'> = { down: 'h2c', up: 'h2c' },
): Promise<{ readonly client: Client; readonly proxy: RunningProxy }> {
  const service = { ...SERVICE, ...implementation };
  const endpoint = await startGrpcServer(t, service, up === 'TLS' ? certificate : undefined);
  const proxy = await startProxy(t, {
    upstreams: [endpoint],
    protocol: up === 'TLS' ? 'grpcs' : 'grpc',
    certificates: [certificate],
    virtualHosts: [{ name: 'app.test', routes: [{ maxBodyBytes: 'none' }] }],
  });
  const port = down === 'TLS' ? proxy.httpsPort : proxy.httpPort;
  return { client: connectGrpc(t, port, down === 'TLS' ? certificate : undefined), proxy };
}

interface Reply {
  readonly message: Buffer | undefined;
  readonly code: number;
  readonly details: string;
  readonly head: Metadata;
  readonly trailers: Metadata;
}

function echo(
  client: Client,
  message: Buffer,
  { metadata = new Metadata(), ...options }: CallOptions & { readonly metadata?: Metadata } = {},
): Promise<Reply> {
  const { path, requestSerialize, responseDeserialize } = METHODS.Echo;
  const { promise, resolve } = Promise.withResolvers<Reply>();
  let head = new Metadata();
  let received: Buffer | undefined;
  const call = client.makeUnaryRequest(
    path,
    requestSerialize,
    responseDeserialize,
    message,
    metadata,
    options,
    (_error: ServiceError | null, reply) => {
      received = reply;
    },
  );
  call.on('metadata', (fields: Metadata) => {
    head = fields;
  });
  call.on('status', ({ code, details, metadata: trailers }) => {
    setImmediate(() => {
      resolve({ message: received, code, details, head, trailers });
    });
  });
  return promise;
}

for (const setting of SETTINGS) {
  test(`${setting.name}: unary, with metadata both ways`, async (t) => {
    const { client, proxy } = await through(t, {}, setting);
    const metadata = new Metadata();
    metadata.add('x-text', 'a value');
    metadata.add('echo-bin', Buffer.from([0, 1, 255]));
    const reply = await echo(client, Buffer.from('hello'), { metadata });
    assert.deepEqual([reply.code, reply.message?.toString()], [Status.OK, 'hello']);
    assert.deepEqual(reply.head.get('x-text'), ['a value']);
    assert.deepEqual(reply.trailers.get('echo-bin'), [Buffer.from([0, 1, 255])]);
    assert.equal((await proxy.nextRecord()).protocol, 'HTTP/2.0');
  });

  test(`${setting.name}: client streaming`, async (t) => {
    const { client } = await through(t, {}, setting);
    const { path, requestSerialize, responseDeserialize } = METHODS.Collect;
    const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
    const call = client.makeClientStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      (error, reply) => {
        if (error === null) resolve(reply);
        else reject(error);
      },
    );
    for (let count = 0; count < 100; count++) call.write(Buffer.alloc(1_000, count));
    call.end();
    assert.equal((await promise)?.length, 100_000);
  });

  test(`${setting.name}: server streaming`, async (t) => {
    const { client } = await through(t, {}, setting);
    const { path, requestSerialize, responseDeserialize } = METHODS.Spread;
    const message = Buffer.from('one by one');
    const call = client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      message,
    );
    const received = (await call.toArray()) as Buffer[];
    assert.equal(received.length, message.length);
    assert.deepEqual(Buffer.concat(received), message);
  });

  test(`${setting.name}: both ways, each message answered before the next`, async (t) => {
    const { client } = await through(t, {}, setting);
    const { path, requestSerialize, responseDeserialize } = METHODS.Chat;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    for (let count = 0; count < 20; count++) {
      call.write(Buffer.from(`message ${count}`));
      const [reply] = (await once(call, 'data')) as [Buffer];
      assert.equal(reply.toString(), `message ${count}`);
    }
    call.end();
    const [{ code }] = (await once(call.resume(), 'status')) as [{ code: number }];
    assert.equal(code, Status.OK);
  });

  test(`${setting.name}: messages of 4 MiB, four at once`, async (t) => {
    const { client } = await through(t, {}, setting);
    const message = Buffer.alloc(4 * 1024 * 1024, 'abcdefg');
    const replies = await Promise.all([0, 1, 2, 3].map(() => echo(client, message)));
    for (const reply of replies) {
      assert.equal(reply.code, Status.OK);
      assert.ok(reply.message?.equals(message));
    }
  });
}

test('200 calls at once, though the endpoint takes 100 a connection', async (t) => {
  // So many streams the proxy takes of one client; its library lets the others wait.
  const atOnce = 128;
  const waiting: (() => void)[] = [];
  let isOpen = false;
  const { client } = await through(t, {
    Echo(call: ServerUnaryCall<Buffer, Buffer>, answer: Answer) {
      waiting.push(() => {
        answer(null, call.request);
      });
      isOpen ||= waiting.length === atOnce;
      if (isOpen) for (const reply of waiting.splice(0)) reply();
    },
  });
  const replies = await Promise.all(
    Array.from({ length: 200 }, (_, index) => echo(client, Buffer.from(String(index)))),
  );
  replies.forEach(({ code, message }, index) => {
    assert.deepEqual([code, message?.toString()], [Status.OK, String(index)]);
  });
});

test('a cancelled call is cancelled at the endpoint', async (t) => {
  const cancelled = Promise.withResolvers<undefined>();
  const { client, proxy } = await through(t, {
    Chat(call: ServerDuplexStream<Buffer, Buffer>) {
      call.on('cancelled', () => {
        cancelled.resolve(undefined);
      });
      call.on('data', (message: Buffer) => call.write(message));
    },
  });
  const { path, requestSerialize, responseDeserialize } = METHODS.Chat;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  call.on('error', () => undefined);
  call.write(Buffer.from('hello'));
  await once(call, 'data');
  call.cancel();
  await cancelled.promise;
  const record = await proxy.nextRecord();
  assert.match(record.failure ?? '', /^client /);
  assert.equal((await echo(client, Buffer.from('next'))).code, Status.OK);
});

test('a deadline ends the call at both ends', async (t) => {
  const cancelled = Promise.withResolvers<undefined>();
  const timeouts: unknown[] = [];
  const { client, proxy } = await through(t, {
    Echo(call: ServerUnaryCall<Buffer, Buffer>) {
      timeouts.push(call.getDeadline());
      call.on('cancelled', () => {
        cancelled.resolve(undefined);
      });
    },
  });
  const { code } = await echo(client, Buffer.from('slow'), { deadline: Date.now() + 300 });
  assert.equal(code, Status.DEADLINE_EXCEEDED);
  await cancelled.promise;
  assert.equal(timeouts.length, 1);
  assert.ok(Number(timeouts[0]) < Infinity, 'grpc-timeout did not reach the endpoint');
  assert.equal((await proxy.nextRecord()).status, 499);
});

test('a status of the application, its message and its details reach the client', async (t) => {
  const { client } = await through(t, {
    Echo(_call: ServerUnaryCall<Buffer, Buffer>, answer: Answer) {
      const metadata = new Metadata();
      metadata.add('x-why', 'because');
      answer({ code: Status.FAILED_PRECONDITION, details: 'nicht jetzt: ☺ 100 %', metadata });
    },
  });
  const { code, details, trailers } = await echo(client, Buffer.from(''));
  assert.equal(code, Status.FAILED_PRECONDITION);
  assert.equal(details, 'nicht jetzt: ☺ 100 %');
  assert.deepEqual(trailers.get('x-why'), ['because']);
});

test('without an endpoint a call is UNAVAILABLE, and the log says 503', async (t) => {
  const proxy = await startProxy(t, { upstreams: [], protocol: 'grpc' });
  const client = connectGrpc(t, proxy.httpPort, undefined, { 'grpc.enable_retries': 0 });
  const { code, details } = await echo(client, Buffer.from('x'));
  assert.equal(code, Status.UNAVAILABLE);
  assert.match(details, /Service Temporarily Unavailable/);
  assert.equal((await proxy.nextRecord()).status, 503);
});
