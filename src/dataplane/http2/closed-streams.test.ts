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

test('the highest ids are known, too', () => {
  const closed = new ClosedStreams();
  for (const id of [2 ** 31 - 1, 2 ** 30 + 1, 3]) closed.remember(id, 'reset-by-peer');
  for (const id of [2 ** 31 - 1, 2 ** 30 + 1, 3]) assert.equal(closed.endOf(id), 'reset-by-peer');
});

test('the last 256 streams are known', () => {
  const closed = new ClosedStreams();
  for (let id = 1; id < 2_001; id += 2) closed.remember(id, 'reset-by-us');
  for (let id = 1_999; id > 2_001 - 512; id -= 2) assert.equal(closed.endOf(id), 'reset-by-us');
});

test('a stream that was never open did not end', () => {
  assert.equal(new ClosedStreams().endOf(1), undefined);
});
