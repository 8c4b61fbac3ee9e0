import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Journal } from './journal.ts';

const change = (service: string) => ({ kind: 'endpoint-slices', service }) as const;

test('tells the changes since a revision, in their order', () => {
  const journal = new Journal();
  journal.add(change('shop/a'));
  const { revision } = journal;
  assert.deepEqual(journal.since(revision), []);
  journal.add(change('shop/b'));
  journal.add(change('shop/c'));
  assert.deepEqual(journal.since(revision), [change('shop/b'), change('shop/c')]);
  assert.deepEqual(journal.since(0)?.length, 3);
});

test('of a revision that is too old it knows that it does not know', () => {
  const journal = new Journal();
  for (let index = 0; index < 10_000; index++) {
    const revision = Math.max(0, journal.revision - 100);
    journal.add(change('shop/a'));
    assert.equal(journal.since(revision)?.length, Math.min(index, 100) + 1);
  }
  assert.equal(journal.revision, 10_000);
  assert.equal(journal.since(0), undefined);
  assert.equal(journal.since(9_999)?.length, 1);
});
