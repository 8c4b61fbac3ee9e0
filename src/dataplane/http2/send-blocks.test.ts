import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from './byte-writer.ts';
import { BLOCK_BYTES, giveBack, isBlock, takeBlock } from './send-blocks.ts';

const LARGE = Buffer.alloc(65_536, 'x');

function written(bytes: Buffer): Buffer {
  const writer = new ByteWriter();
  writer.reserve(bytes.length);
  writer.bytes(bytes, 0, bytes.length);
  return writer.take();
}

test('much at a time is written into a block, which is used again once it was sent', () => {
  const first = written(LARGE);
  assert.equal(isBlock(first), true);
  const second = written(LARGE);
  assert.notEqual(second.buffer, first.buffer);
  giveBack(first)(null);
  assert.equal(written(LARGE).buffer, first.buffer);
});

test('a block whose write failed is not used again', () => {
  const sent = written(LARGE);
  giveBack(sent)(new Error('gone'));
  assert.notEqual(written(LARGE).buffer, sent.buffer);
});

test('little at a time, and more than a block, lie in memory of their own', () => {
  assert.equal(isBlock(written(LARGE.subarray(0, 1_000))), false);
  assert.equal(isBlock(written(Buffer.alloc(BLOCK_BYTES + 1))), false);
});

test('only so many are kept', () => {
  const blocks = Array.from({ length: 100 }, takeBlock);
  for (const block of blocks) giveBack(block)();
  const again = Array.from({ length: 100 }, takeBlock).map(({ buffer }) => buffer);
  assert.equal(blocks.filter(({ buffer }) => again.includes(buffer)).length, 32);
});
