import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Memo } from './memo.ts';

const one = {};
const other = {};

test('the same inputs give the same result, others another', () => {
  const memo = new Memo<object>();
  const first = memo.get('key', [one, other], () => ({}));
  assert.equal(memo.get('key', [one, other], assert.fail), first);
  assert.notEqual(
    memo.get('key', [other, one], () => ({})),
    first,
  );
});

test('what becomes of a list of inputs later on is of no account', () => {
  const memo = new Memo<object>();
  const inputs = [one];
  const first = memo.get('key', inputs, () => ({}));
  inputs.push(other);
  assert.equal(memo.get('key', [one], assert.fail), first);
});

test('another result that says the same may be the old one', () => {
  const memo = new Memo<object>((last) => last);
  const first = memo.get('key', [one], () => ({}));
  assert.equal(
    memo.get('key', [other], () => ({})),
    first,
  );
});

test('what a pass did not ask for is forgotten', () => {
  const memo = new Memo<object>();
  const kept = memo.get('kept', [one], () => ({}));
  const lost = memo.get('lost', [one], () => ({}));
  memo.endPass();
  memo.beginPass();
  memo.get('kept', [one], assert.fail);
  memo.endPass();
  assert.equal(memo.get('kept', [one], assert.fail), kept);
  assert.notEqual(
    memo.get('lost', [one], () => ({})),
    lost,
  );
});

test('what is asked for between two passes belongs to the last one', () => {
  const memo = new Memo<object>();
  const known = memo.get('known', [one], () => ({}));
  memo.endPass();
  assert.equal(memo.peek('known'), known);
  const changed = memo.get('known', [other], () => ({}));
  assert.equal(memo.peek('known'), changed);
  memo.beginPass();
  assert.equal(memo.peek('known'), undefined);
  memo.endPass();
  assert.notEqual(
    memo.get('known', [other], () => ({})),
    changed,
  );
});

test('a pass that ended early, by an exception, leaves no trace', () => {
  const memo = new Memo<number>();
  assert.throws(() => memo.get('key', [one], () => assert.fail('broken')));
  assert.equal(
    memo.get('key', [one], () => 2),
    2,
  );
});

test('a trial uses what is known, and leaves no trace', () => {
  const memo = new Memo<object>();
  const known = memo.get('known', [one], () => ({}));
  const other1 = memo.get('changed', [one], () => ({}));
  memo.endPass();
  memo.beginPass();
  memo.beginTrial();
  assert.equal(memo.peek('known'), undefined);
  assert.equal(memo.get('known', [one], assert.fail), known);
  assert.equal(memo.peek('known'), known);
  const tried = memo.get('changed', [other], () => ({}));
  assert.notEqual(tried, other1);
  assert.equal(memo.peek('changed'), tried);
  assert.equal(memo.get('changed', [other], assert.fail), tried);
  memo.get('new', [one], () => ({}));
  memo.endPass();
  memo.endTrial();
  assert.equal(memo.get('changed', [one], assert.fail), other1);
  assert.equal(memo.get('known', [one], assert.fail), known);
  assert.equal(memo.peek('new'), undefined);
});
