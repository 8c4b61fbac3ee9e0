import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClosedStreams } from './closed-streams.ts';

test('how a stream ended is known, for a while', () => {
  const closed = new ClosedStreams();
  closed.remember(1, 'ended');
  closed.remember(3, 'reset-by-us');
  closed.remember(5, 'reset-by-peer');
  assert.equal(closed.endOf(1), 'ended');
  assert.equal(closed.endOf(3), 'reset-by-us');
  assert.equal(closed.endOf(5), 'reset-by-peer');
  assert.equal(closed.endOf(7), undefined);
  for (let id = 7; id < 7 + 2 * 256; id += 2) closed.remember(id, 'ended');
  assert.equal(closed.endOf(3), undefined);
});

test('a stream that was never open did not end', () => {
  assert.equal(new ClosedStreams().endOf(1), undefined);
});
