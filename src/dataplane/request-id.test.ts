import assert from 'node:assert/strict';
import test from 'node:test';
import { createRequestId } from './request-id.ts';

test('ids are 32 lower-case hex digits, and no two are equal', () => {
  const ids = Array.from({ length: 1_000 }, createRequestId);
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(new Set(ids).size, ids.length);
});
