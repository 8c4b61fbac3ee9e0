import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { selfSignedCertificate } from '../../test/blackbox/harness/self-signed.ts';
import { takeHandles, type AcceptedHandle } from './accepted-handle.ts';
import { SocketReader } from './socket-reader.ts';

/** A client's socket, and the reader at the other end. */
interface Connected {
  readonly client: Socket;
  readonly reader: SocketReader;
}

const kinds = { plaintext: connected, TLS: connectedOverTls };

async function connected(t: TestContext): Promise<Connected> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const reader = new SocketReader(await nextHandle(server));
  t.after(() => {
    client.destroy();
    reader.socket.destroy();
    server.close();
  });
  return { client, reader };
}

function nextHandle(server: Server): Promise<AcceptedHandle> {
  return new Promise((resolve) => {
    takeHandles(server, (handle) => {
      resolve(handle);
      return true;
    });
  });
}

async function connectedOverTls(t: TestContext): Promise<Connected> {
  const { chain, key } = selfSignedCertificate('a', ['app.test']);
  const server = createTlsServer({ cert: chain, key: key.reveal(), allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  const [socket] = (await once(server, 'secureConnection')) as [TLSSocket];
  const reader = new SocketReader(socket);
  t.after(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  return { client, reader };
}

for (const [kind, connectTo] of Object.entries(kinds)) {
  test(`${kind}: an accepted socket is read into the shared buffer: Node still lets it`, async (t) => {
    const { client, reader } = await connectTo(t);
    assert.equal(reader.isVolatile, true);
    const chunks: Buffer[] = [];
    const { promise, resolve } = Promise.withResolvers<undefined>();
    reader.onChunk = (chunk) => {
      chunks.push(chunk);
      if (chunks.length === 2) resolve(undefined);
      else client.write('second');
    };
    client.write('first');
    await promise;
    assert.equal(chunks[0]?.buffer, chunks[1]?.buffer);
    assert.equal(chunks[1]?.toString(), 'second');
  });

  test(`${kind}: what comes around pauses comes once, in order, and the end behind it`, async (t) => {
    const { client, reader } = await connectTo(t);
    const lines = Array.from({ length: 5_000 }, (_, index) => `${index}\n`);
    let received = '';
    let chunks = 0;
    reader.onChunk = (chunk) => {
      received += chunk.toString();
      if (chunks++ % 3 !== 0) return;
      reader.pause();
      setImmediate(() => {
        reader.resume();
      });
    };
    const ended = once(reader.socket, 'end');
    for (const line of lines) client.write(line);
    client.end();
    await ended;
    assert.equal(received, lines.join(''));
  });
}

test('it is a whole socket: writes, pauses, half-closes, tells its peer and closes', async (t) => {
  const { client, reader } = await connected(t);
  const { socket } = reader;
  assert.equal(socket.remoteAddress, '127.0.0.1');
  assert.equal(socket.allowHalfOpen, true);
  let received = '';
  reader.onChunk = (chunk) => (received += chunk.toString());
  socket.pause();
  client.write('held back');
  socket.write('hello');
  assert.equal(String((await once(client, 'data'))[0]), 'hello');
  assert.equal(received, '');
  socket.resume();
  client.end();
  await once(socket, 'end');
  assert.equal(received, 'held back');
  const closed = once(socket, 'close');
  socket.end('bye');
  assert.equal(String((await once(client, 'data'))[0]), 'bye');
  await closed;
});

test('a handle that nobody takes becomes a socket of the server', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  let isOffered = false;
  takeHandles(server, () => {
    isOffered = true;
    return false;
  });
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  t.after(() => {
    client.destroy();
    server.close();
  });
  accepted.end('served');
  assert.equal(String((await once(client, 'data'))[0]), 'served');
  assert.ok(isOffered);
});

/** The most that comes in one turn of the event loop, by `measure`, until `total` bytes came. */
async function mostInOneTurn(
  { client, reader }: Connected,
  total: number,
  measure: (chunk: Buffer) => number,
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let received = 0;
  let portion = 0;
  let most = 0;
  const watch = (): void => {
    most = Math.max(most, portion);
    portion = 0;
    if (received < total) setImmediate(watch);
    else resolve(undefined);
  };
  reader.onChunk = (chunk) => {
    received += chunk.length;
    portion += measure(chunk);
  };
  reader.pause();
  client.write(Buffer.alloc(total));
  // So that much waits with the kernel.
  await new Promise((done) => setTimeout(done, 100));
  reader.resume();
  watch();
  await promise;
  assert.equal(received, total);
  return most;
}

function burn(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

for (const [kind, connectTo] of Object.entries(kinds)) {
  test(`${kind}: a flood comes in portions, between which others have their turn`, async (t) => {
    const most = await mostInOneTurn(await connectTo(t), 8 * 1024 * 1024, ({ length }) => length);
    assert.ok(most <= 5 * 65_536, `${most} bytes in one turn`);
  });

  test(`${kind}: what is much work comes in small portions`, async (t) => {
    const chunks = await mostInOneTurn(await connectTo(t), 1024 * 1024, () => {
      burn(3);
      return 1;
    });
    assert.ok(chunks <= 2, `${chunks} chunks in one turn`);
  });

  test(`${kind}: a pause within a flood holds`, async (t) => {
    const { client, reader } = await connectTo(t);
    let received = 0;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    reader.onChunk = (chunk) => {
      received += chunk.length;
      if (received >= 4 * 65_536) reader.pause();
      if (received === 4 * 1024 * 1024) resolve(undefined);
    };
    client.write(Buffer.alloc(4 * 1024 * 1024));
    await new Promise((done) => setTimeout(done, 200));
    assert.ok(received < 5 * 65_536, `${received} bytes`);
    reader.onChunk = (chunk) => {
      received += chunk.length;
      if (received === 4 * 1024 * 1024) resolve(undefined);
    };
    reader.resume();
    await promise;
  });
}

test('TLS: of records of one byte no more than one read waits in a pause', async (t) => {
  const { client, reader } = await connectedOverTls(t);
  let received = 0;
  reader.onChunk = ({ length }) => {
    received += length;
    reader.pause();
  };
  for (let records = 0; records < 8_000; records++) {
    await new Promise((written) => client.write('x', written));
  }
  assert.equal(received, 1);
  // One read is 64 KiB at most, of records of 23 bytes.
  assert.ok(reader.socket.readableLength <= 3_000, `${reader.socket.readableLength} wait`);
});
