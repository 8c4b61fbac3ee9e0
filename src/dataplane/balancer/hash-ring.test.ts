import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HashRing } from './hash-ring.ts';

const keys = Array.from({ length: 20_000 }, (_, index) => `/item/${index}`);
const names = (count: number) => Array.from({ length: count }, (_, index) => `10.0.0.${index}:80`);

test('without owners there is none', () => {
  assert.equal(new HashRing([]).find('key'), -1);
  assert.equal(
    new HashRing(['a']).find('key', () => false),
    -1,
  );
});

test('shares are within a third of even', () => {
  const ring = new HashRing(names(20));
  const counts = new Array<number>(20).fill(0);
  for (const key of keys) counts[ring.find(key)] = (counts[ring.find(key)] ?? 0) + 1;
  assert.ok(Math.max(...counts) < 1_333 && Math.min(...counts) > 667, String(counts));
});

test('who joins takes a share from all, and nobody else moves', () => {
  const before = new HashRing(names(20));
  const after = new HashRing(names(21));
  const moved = keys.filter((key) => before.find(key) !== after.find(key));
  assert.ok(moved.every((key) => after.find(key) === 20));
  assert.ok(
    moved.length > keys.length / 42 && moved.length < keys.length / 14,
    String(moved.length),
  );
  assert.ok(new Set(moved.map((key) => before.find(key))).size >= 18);
});

test('the order of the owners does not matter', () => {
  const list = names(20);
  const ring = new HashRing(list);
  const reversed = new HashRing(list.toReversed());
  for (const key of keys.slice(0, 2_000)) assert.equal(ring.find(key), 19 - reversed.find(key));
});

test('another owner than the first comes from all over the ring', () => {
  const ring = new HashRing(names(20));
  const mine = keys.filter((key) => ring.find(key) === 3);
  const heirs = new Set(mine.map((key) => ring.find(key, (owner) => owner !== 3)));
  assert.ok(heirs.size >= 15 && !heirs.has(3), String([...heirs]));
});

test('the ring is the same in all releases: sessions depend on it', () => {
  const ring = new HashRing(names(5));
  assert.deepEqual(
    ['', '/', '192.0.2.7', 'ünïcode'].map((key) => ring.find(key)),
    [0, 1, 1, 3],
  );
});
