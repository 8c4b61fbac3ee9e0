import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GarbageError } from './api-error.ts';
import { readWatchEvents } from './watch-events.ts';

const EVENTS = [
  { type: 'ADDED', object: { metadata: { name: 'käse' } } },
  { type: 'BOOKMARK', object: { metadata: { resourceVersion: '7' } } },
  { type: 'DELETED', object: { metadata: { name: '🧀' } } },
];
const BYTES = Buffer.from(EVENTS.map((event) => `${JSON.stringify(event)}\n`).join(''));

async function read(chunks: readonly Buffer[]): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of readWatchEvents(toAsync(chunks))) events.push(event);
  return events;
}

async function* toAsync(chunks: Iterable<Buffer>): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

test('events arrive whole and in order, wherever the bytes are cut', async () => {
  for (let cut = 0; cut <= BYTES.length; cut += 1) {
    assert.deepEqual(await read([BYTES.subarray(0, cut), BYTES.subarray(cut)]), EVENTS);
  }
  assert.deepEqual(await read(Array.from(BYTES, (byte) => Buffer.of(byte))), EVENTS);
});

test('a line that the end cuts short is dropped', async () => {
  assert.deepEqual(await read([BYTES.subarray(0, -1)]), EVENTS.slice(0, 2));
});

test('empty lines are nothing', async () => {
  assert.deepEqual(await read([Buffer.from('\n\r\n'), BYTES]), EVENTS);
});

for (const line of [
  'null',
  '[]',
  '{',
  '{"type":"ADDED"}',
  '{"type":"SYNC","object":{}}',
  '{"type":"ADDED","object":[]}',
]) {
  test(`is garbage: ${line}`, async () => {
    await assert.rejects(read([Buffer.from(`${line}\n`)]), GarbageError);
  });
}

test('any bytes are events or garbage, and the error does not quote them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 })), async (chunks) => {
      try {
        await read(chunks.map((chunk) => Buffer.from(chunk)));
      } catch (error) {
        assert.ok(error instanceof GarbageError);
        assert.equal(error.message, 'a line of the watch is no event');
      }
    }),
  );
});
