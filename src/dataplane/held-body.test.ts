import assert from 'node:assert/strict';
import test from 'node:test';
import { HeldBody } from './held-body.ts';

const chunk = (size: number): Buffer => Buffer.alloc(size, 'x');
const sizes = (chunks: readonly Buffer[]): number[] => chunks.map(({ length }) => length);

test('what came before a connection is given out, again and again where the method may be repeated', () => {
  const held = new HeldBody();
  held.hold(chunk(3));
  held.hold(chunk(4));
  assert.deepEqual(sizes(held.release('PUT')), [3, 4]);
  held.remember(chunk(5));
  assert.equal(held.isComplete, true);
  assert.deepEqual(sizes(held.release('PUT')), [3, 4, 5]);
});

test('what was sent by a method that may not be repeated is not kept', () => {
  const held = new HeldBody();
  held.hold(chunk(3));
  assert.deepEqual(sizes(held.release('POST')), [3]);
  assert.equal(held.isComplete, false);
  assert.deepEqual(sizes(held.release('POST')), []);
});

test('a first byte that is sent at once is not kept either', () => {
  const held = new HeldBody();
  held.release('POST');
  assert.equal(held.isComplete, true);
  held.remember(chunk(1));
  assert.equal(held.isComplete, false);
});

test('more than 64 KiB is not kept', () => {
  const held = new HeldBody();
  held.release('PUT');
  held.remember(chunk(65_536));
  assert.equal(held.isComplete, true);
  assert.equal(held.isFull, true);
  held.remember(chunk(1));
  assert.equal(held.isComplete, false);
  held.remember(chunk(1));
  assert.deepEqual(sizes(held.release('PUT')), []);
});
