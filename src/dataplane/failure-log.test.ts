import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRecordingLog } from '../../test/blackbox/harness/recording-log.ts';
import { sampleExchangeRecord } from '../../test/unit/sample-exchange-record.ts';
import { FailureLog } from './failure-log.ts';

function told(fields: unknown): unknown[] {
  const { reason, cluster, leftOut } = fields as Record<'reason' | 'cluster' | 'leftOut', unknown>;
  return [reason, cluster, leftOut];
}

const refused = sampleExchangeRecord({ failure: 'connection refused', clusterName: 'shop-web-80' });

test('a cause is said once in ten seconds, and then how often it was not', () => {
  const { log, lines } = createRecordingLog();
  const failures = new FailureLog(log);
  for (const nowMs of [1_000, 1_001, 5_000, 11_000]) failures.report(refused, nowMs);
  assert.deepEqual(lines.map(({ fields }) => fields).map(told), [
    ['connection refused', 'shop-web-80', 0],
    ['connection refused', 'shop-web-80', 2],
  ]);
});

test('another cause and another cluster are told apart', () => {
  const { log, lines } = createRecordingLog();
  const failures = new FailureLog(log);
  failures.report(refused, 1_000);
  failures.report({ ...refused, failure: 'connect timeout' }, 1_000);
  failures.report({ ...refused, clusterName: 'shop-api-80' }, 1_000);
  assert.equal(lines.length, 3);
});
