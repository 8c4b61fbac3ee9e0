import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveReports } from './live-reports.ts';

function serving(): LiveReports<string> {
  const reports = new LiveReports<string>();
  reports.setServing();
  return reports;
}

test('a report is live when its version is', () => {
  const reports = serving();
  reports.publish(1, 'a');
  assert.equal(reports.take(), undefined);
  reports.setLive(1);
  assert.equal(reports.take(), 'a');
  assert.equal(reports.take(), undefined, 'once');
});

test('of several that are live the newest counts, and what is not live waits', () => {
  const reports = serving();
  for (const version of [1, 2, 3]) reports.publish(version, `v${version}`);
  reports.setLive(2);
  assert.equal(reports.take(), 'v2');
  reports.setLive(3);
  assert.equal(reports.take(), 'v3');
});

test('the same config with newer objects is live at once', () => {
  const reports = serving();
  reports.publish(1, 'a');
  reports.setLive(1);
  reports.publish(1, 'b');
  assert.equal(reports.take(), 'b');
});

test('nothing is live before the ports are open', () => {
  const reports = new LiveReports<string>();
  reports.publish(1, 'a');
  reports.setLive(1);
  assert.equal(reports.take(), undefined);
  reports.setServing();
  assert.equal(reports.take(), 'a');
});

test('versions that are refused for long are not all remembered, the first and the last are', () => {
  const reports = serving();
  for (let version = 1; version <= 1_000; version++) reports.publish(version, `v${version}`);
  reports.setLive(1);
  assert.equal(reports.take(), 'v1');
  reports.setLive(1_000);
  assert.equal(reports.take(), 'v1000');
});
