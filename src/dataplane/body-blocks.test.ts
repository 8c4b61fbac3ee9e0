import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BLOCK_BYTES,
  giveBackBlock,
  SHORT_BLOCK_BYTES,
  takeBlock,
  takeShortBlock,
} from './body-blocks.ts';

test('blocks of either size are taken again, the last first', () => {
  const [block, short] = [takeBlock(), takeShortBlock()];
  giveBackBlock(block);
  giveBackBlock(short);
  assert.equal(takeBlock(), block);
  assert.equal(takeShortBlock(), short);
});

test('a part of a block is nobody to give, of whatever size it is', () => {
  const block = takeBlock();
  giveBackBlock(block.subarray(BLOCK_BYTES - SHORT_BLOCK_BYTES));
  giveBackBlock(block.subarray(1));
  assert.notEqual(takeShortBlock().buffer, block.buffer);
  assert.notEqual(takeBlock().buffer, block.buffer);
});

test('no more than a few wait to be taken', () => {
  const blocks = Array.from({ length: 100 }, takeBlock);
  for (const block of blocks) giveBackBlock(block);
  const again = new Set(Array.from({ length: 100 }, takeBlock));
  assert.equal(blocks.filter((block) => again.has(block)).length, 64);
});
