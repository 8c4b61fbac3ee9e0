import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_BYTES } from './body-blocks.ts';
import { BodyCopies } from './body-copies.ts';

const piece = (bytes: number, fill: string): Buffer => Buffer.alloc(bytes, fill);

test('copies lie behind one another, and stay when what was copied changes', () => {
  const copies = new BodyCopies();
  const original = piece(30_000, 'a');
  const first = copies.copy(original);
  original.fill('x');
  const second = copies.copy(piece(30_000, 'b'));
  const third = copies.copy(piece(30_000, 'c'));
  assert.equal(second.buffer, first.buffer);
  assert.notEqual(third.buffer, first.buffer);
  assert.deepEqual(
    [first, second, third].map((copy) => copy.toString()),
    ['a', 'b', 'c'].map((letter) => letter.repeat(30_000)),
  );
});

test('memory is used again after the release, not before, whoever asks', () => {
  const copies = new BodyCopies();
  const first = copies.copy(piece(BLOCK_BYTES, 'a'));
  const other = new BodyCopies();
  assert.notEqual(other.copy(piece(1, 'b')).buffer, first.buffer);
  copies.release();
  copies.release();
  const again = [other, copies].map((one) => one.copy(piece(BLOCK_BYTES, 'c')).buffer);
  assert.equal(again.filter((buffer) => buffer === first.buffer).length, 1);
});

test('what is larger than a block has memory of its own', () => {
  const copies = new BodyCopies();
  const large = piece(BLOCK_BYTES + 1, 'a');
  const copy = copies.copy(large);
  assert.notEqual(copy.buffer, large.buffer);
  assert.deepEqual(copy, large);
});

test('blocks do not fill for ever with what was sent long ago', () => {
  const copies = new BodyCopies();
  const all = Array.from({ length: 20 }, () => copies.copy(piece(BLOCK_BYTES, 'a')).buffer);
  assert.equal(new Set(all).size, all.length);
  copies.release();
  const others = new BodyCopies();
  const again = Array.from({ length: 20 }, () => others.copy(piece(BLOCK_BYTES, 'b')).buffer);
  assert.equal(again.filter((buffer) => all.includes(buffer)).length, 2);
});
