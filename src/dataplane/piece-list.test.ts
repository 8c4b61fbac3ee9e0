import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PieceList } from './piece-list.ts';

test('what is added comes out in order, whatever the sizes', () => {
  const list = new PieceList();
  const texts = Array.from({ length: 2_000 }, (_, index) =>
    String.fromCharCode(97 + (index % 26)).repeat([1, 5_000, 30, 700][index % 4] ?? 1),
  );
  for (const text of texts) list.add(Buffer.from(text), true);
  assert.equal(list.bytes, texts.join('').length);
  assert.equal(Buffer.concat(list.views()).toString(), texts.join(''));
  let out = '';
  for (let { first } = list; first !== undefined; { first } = list) {
    const part = first.subarray(0, 333);
    out += part.toString();
    list.skip(part.length);
  }
  assert.equal(out === texts.join(''), true);
  assert.equal(list.bytes, 0);
});

test('crumbs are few pieces', () => {
  const list = new PieceList();
  for (let index = 0; index < 131_072; index++) list.add(Buffer.from('x'), true);
  assert.ok(list.views().length < 20, `${list.views().length} pieces`);
});

test('what was given out does not change, and pieces that are written over are copied', () => {
  const list = new PieceList();
  const volatile = Buffer.from('ab');
  list.add(volatile, false);
  volatile.fill('-');
  list.add(Buffer.from('cd'), true);
  const views = list.views();
  list.add(Buffer.from('ef'), true);
  assert.equal(Buffer.concat(views).toString(), 'abcd');
  assert.equal(Buffer.concat(list.views()).toString(), 'abcdef');
});

test('what is used up makes room, and what comes then is still in order', () => {
  const list = new PieceList();
  let out = '';
  for (let index = 0; index < 1_000; index++) {
    list.add(Buffer.from(`${index};`), true);
    if (index % 3 !== 0) continue;
    out += (list.first ?? '').toString();
    list.skip(list.first?.length ?? 0);
  }
  out += Buffer.concat(list.views()).toString();
  assert.equal(out, Array.from({ length: 1_000 }, (_, index) => `${index};`).join(''));
});

test('nothing is left after clear', () => {
  const list = new PieceList();
  list.add(Buffer.from('abc'), true);
  list.clear();
  assert.equal(list.bytes, 0);
  assert.equal(list.first, undefined);
});
