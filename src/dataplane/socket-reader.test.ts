import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { SocketReader } from './socket-reader.ts';

/** A client's socket, and the reader at the other end. */
async function connected(t: TestContext): Promise<{ client: Socket; reader: SocketReader }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  const reader = new SocketReader(accepted, 'adopt');
  t.after(() => {
    client.destroy();
    reader.socket.destroy();
    server.close();
  });
  return { client, reader };
}

test('an accepted socket is read into the shared buffer: Node still lets it', async (t) => {
  const { client, reader } = await connected(t);
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

test('a socket without a handle serves as it is', () => {
  const reader = new SocketReader(new Socket(), 'adopt');
  assert.equal(reader.isVolatile, false);
  reader.socket.destroy();
});

test('a flood of bytes comes in portions, between which others have their turn', async (t) => {
  const { client, reader } = await connected(t);
  const total = 8 * 1024 * 1024;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let received = 0;
  let portion = 0;
  let largest = 0;
  const watch = (): void => {
    largest = Math.max(largest, portion);
    portion = 0;
    if (received < total) setImmediate(watch);
    else resolve(undefined);
  };
  reader.onChunk = (chunk) => {
    received += chunk.length;
    portion += chunk.length;
  };
  reader.socket.pause();
  client.write(Buffer.alloc(total));
  // So that much waits with the kernel.
  await new Promise((done) => setTimeout(done, 100));
  reader.socket.resume();
  watch();
  await promise;
  assert.equal(received, total);
  assert.ok(largest <= 4 * 65_536, `${largest} bytes in one turn`);
});

test('a pause within a flood holds', async (t) => {
  const { client, reader } = await connected(t);
  let received = 0;
  reader.onChunk = (chunk) => {
    received += chunk.length;
    if (received >= 4 * 65_536) reader.socket.pause();
  };
  client.write(Buffer.alloc(4 * 1024 * 1024));
  await new Promise((done) => setTimeout(done, 200));
  assert.ok(received < 5 * 65_536, `${received} bytes`);
  reader.socket.resume();
});
