import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleContext } from '../../../test/unit/sample-config.ts';
import { createFilter } from './index.ts';

for (const status of [403, 503] as const) {
  test(`nobody gets through: ${status}, without waiting for an endpoint`, () => {
    const filter = createFilter({ kind: 'deny', status });
    assert.equal(filter.phase, 'early');
    assert.deepEqual(filter.onRequest(sampleContext('/')), { status });
    assert.deepEqual(filter.onRequest(sampleContext('/', { scheme: 'https' })), { status });
  });
}
