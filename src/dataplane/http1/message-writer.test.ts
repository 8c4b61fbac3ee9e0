import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { FieldList } from '../fields.ts';
import { flushAfterThisTurn } from '../write-gatherer.ts';
import { MessageWriter } from './message-writer.ts';

/** A socket, its far end, and how often the one was written to. */
async function startPair(t: TestContext) {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = once(server, 'connection') as Promise<[Socket]>;
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(near, 'connect');
  const [farSocket] = await far;
  t.after(() => {
    near.destroy();
    farSocket.destroy();
    server.close();
  });
  let writes = 0;
  const write = near.write.bind(near) as (...args: unknown[]) => boolean;
  near.write = (...args: unknown[]) => {
    writes += 1;
    return write(...args);
  };
  return { near, far: farSocket, writes: () => writes };
}

/** A turn with much to write: after it, the next one is waited for. */
async function manyWaited(): Promise<void> {
  const outputs = Array.from({ length: 8 }, () => ({ flush: () => undefined }));
  for (const output of outputs) flushAfterThisTurn(output);
  await setImmediate();
}

test('one turn leaves in one write', async (t) => {
  const { near, far, writes } = await startPair(t);
  const writer = new MessageWriter(near);
  writer.begin('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', true);
  writer.body(Buffer.from('--hello--'), 2, 7);
  const trailers = new FieldList();
  trailers.push('grpc-status', '0');
  writer.end(1_000, trailers);
  const [received] = (await once(far, 'data')) as [Buffer];
  assert.equal(writes(), 1);
  const sent =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\ngrpc-status: 0\r\n\r\n';
  assert.equal(received.toString(), sent);
  assert.equal(writer.sentBytes, sent.length);
});

test('messages that are whole in one turn leave in one write at its end', async (t) => {
  const { near, far, writes } = await startPair(t);
  await manyWaited();
  const writer = new MessageWriter(near);
  for (const message of ['first ', 'second']) {
    writer.begin(message, false);
    writer.end(1_000);
  }
  assert.equal(writes(), 0);
  assert.equal(writer.isDue, true);
  const [received] = (await once(far, 'data')) as [Buffer];
  assert.equal(received.toString(), 'first second');
  assert.equal(writes(), 1);
  assert.equal(writer.isDue, false);
});

test('a message that is whole does not wait where it is told to leave', async (t) => {
  const { near, far, writes } = await startPair(t);
  await manyWaited();
  const writer = new MessageWriter(near);
  writer.begin('whole', false);
  writer.end(1_000);
  writer.flush();
  assert.equal(writes(), 1);
  assert.equal(writer.isDue, false);
  near.end();
  const [received] = (await once(far, 'data')) as [Buffer];
  assert.equal(received.toString(), 'whole');
});

test('small pieces of one turn are one chunk, and none is empty', async (t) => {
  const { near, far } = await startPair(t);
  const writer = new MessageWriter(near);
  const piece = Buffer.from('abc');
  const large = Buffer.alloc(5_000, 'x');
  writer.begin('HTTP/1.1 200 OK\r\n\r\n', true);
  writer.body(piece, 0, 1);
  writer.body(piece, 1, 1);
  writer.body(piece, 1, 3);
  writer.body(large, 0, 5_000);
  writer.body(piece, 0, 2);
  writer.body(piece, 2, 3);
  writer.flush(1_000);
  writer.flush(1_000);
  writer.body(piece, 0, 1);
  writer.end(1_000);
  const chunks = `3\r\nabc\r\n1388\r\n${large.toString()}\r\n3\r\nabc\r\n1\r\na\r\n0\r\n\r\n`;
  const sent = `HTTP/1.1 200 OK\r\n\r\n${chunks}`;
  assert.equal(writer.sentBytes, sent.length);
  let received = '';
  far.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
  while (received.length < sent.length) await once(far, 'data');
  assert.equal(received, sent);
});

test('trailers have no place without chunks', async (t) => {
  const { near, far } = await startPair(t);
  const writer = new MessageWriter(near);
  const trailers = new FieldList();
  trailers.push('grpc-status', '0');
  writer.begin('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', false);
  writer.end(1_000, trailers);
  const [received] = (await once(far, 'data')) as [Buffer];
  assert.equal(received.toString(), 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
});

test('bytes that come one by one while the far side is stuck wait as one, and arrive in order', async (t) => {
  const { near, far, writes } = await startPair(t);
  const writer = new MessageWriter(near);
  far.pause();
  writer.begin('', false);
  const filler = Buffer.alloc(1_048_576, '-');
  let fillers = 0;
  while (!writer.isWaiting) {
    writer.body(filler, 0, filler.length);
    writer.flush(60_000);
    fillers += 1;
  }
  const before = writes();
  const text = Buffer.from('0123456789');
  for (let count = 0; count < 10_000; count++) {
    writer.body(text, count % 10, (count % 10) + 1);
    writer.flush(60_000);
  }
  assert.equal(writer.isWaiting, true);
  assert.ok(writes() - before < 5, `${writes() - before} writes wait`);
  let received = '';
  const length = fillers * filler.length + 10_000;
  far.setEncoding('latin1').on('data', (piece) => {
    received += String(piece);
  });
  far.resume();
  while (received.length < length) await once(far, 'data');
  assert.equal(received.slice(-10_000), '0123456789'.repeat(1_000));
  assert.equal(writer.isWaiting, false);
});
