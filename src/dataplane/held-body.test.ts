import assert from 'node:assert/strict';
import test from 'node:test';
import { HeldBody } from './held-body.ts';

const KEEP = 65_536;
const chunk = (size: number): Buffer => Buffer.alloc(size, 'x');
const sizes = (chunks: readonly Buffer[]): number[] => chunks.map(({ length }) => length);

test('what came before a connection is given out, again and again where it may be sent again', () => {
  const held = new HeldBody();
  held.hold(chunk(3), true);
  held.hold(chunk(4), true);
  assert.deepEqual(sizes(held.release(KEEP)), [3, 4]);
  held.remember(chunk(5), true);
  assert.equal(held.isComplete, true);
  // Small ones are joined.
  assert.deepEqual(sizes(held.release(KEEP)), [3, 4 + 5]);
});

test('what was sent and may not be sent again is not kept', () => {
  const held = new HeldBody();
  held.hold(chunk(3), true);
  assert.deepEqual(sizes(held.release(0)), [3]);
  assert.equal(held.isComplete, false);
  assert.deepEqual(sizes(held.release(0)), []);
});

test('a first byte that is sent at once is not kept either', () => {
  const held = new HeldBody();
  held.release(0);
  assert.equal(held.isComplete, true);
  held.remember(chunk(1), true);
  assert.equal(held.isComplete, false);
});

test('no more than asked for is kept', () => {
  const held = new HeldBody();
  held.release(KEEP);
  held.remember(chunk(65_000), true);
  assert.equal(held.isComplete, true);
  held.remember(chunk(1_000), true);
  assert.equal(held.isComplete, false);
  held.remember(chunk(1), true);
  assert.deepEqual(sizes(held.release(KEEP)), []);
});

test('a body that comes byte by byte is held in few pieces', () => {
  const held = new HeldBody();
  while (!held.isFull) held.hold(chunk(1), true);
  const pieces = sizes(held.release(0));
  assert.ok(pieces.length < 20, `${pieces.length} pieces`);
});
