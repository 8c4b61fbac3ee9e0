import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chiSquare, fairRange } from '../unit/chi-square.ts';
import { balancerNames, moves, spread, SPREAD, withSlowEndpoint } from './simulate.ts';

const mean = (SPREAD.clients * SPREAD.exchangesEach) / SPREAD.endpoints;
const fair = fairRange(SPREAD.endpoints);

for (const name of ['round_robin', 'lc', 'wlc', 'sed', 'nq'] as const) {
  test(`${name}: without load all have just the same`, () => {
    assert.deepEqual(new Set(spread(name)), new Set([mean]));
  });
}

for (const name of ['random', 'least_request', 'ewma'] as const) {
  test(`${name}: without load it is as even as fair chance`, () => {
    const statistic = chiSquare(spread(name));
    assert.ok(statistic > fair.least && statistic < fair.most, String(statistic));
  });
}

test('affinity persistent: clients, not exchanges, are spread by fair chance', () => {
  const statistic = chiSquare(spread('affinity persistent').map((c) => c / SPREAD.exchangesEach));
  assert.ok(statistic > fair.least && statistic < fair.most, String(statistic));
});

for (const name of ['upstream-hash-by', 'affinity balanced'] as const) {
  test(`${name}: shares are within half of even`, () => {
    const shares = spread(name).map((count) => count / mean);
    assert.ok(Math.max(...shares) < 1.5 && Math.min(...shares) > 0.5, String(shares));
  });
}

test('upstream-hash-by-subset: groups overlap, nobody has more than two shares or next to none', () => {
  const shares = spread('upstream-hash-by-subset').map((count) => count / mean);
  assert.ok(Math.max(...shares) < 2.2 && Math.min(...shares) > 0.5, String(shares));
});

test('a slow endpoint has its share of those who do not look, and little of those who do', () => {
  for (const name of ['round_robin', 'random', 'upstream-hash-by'] as const) {
    const { slowShare, p99Ms } = withSlowEndpoint(name);
    assert.ok(slowShare > 0.08 && p99Ms > 10_000, `${name} ${slowShare} ${p99Ms}`);
  }
  for (const name of ['least_request', 'ewma', 'lc', 'wlc', 'sed', 'nq'] as const) {
    const { slowShare, p99Ms } = withSlowEndpoint(name);
    assert.ok(slowShare < 0.03 && p99Ms < 100, `${name} ${slowShare} ${p99Ms}`);
  }
});

test('hashes and sessions move as few clients as can be', () => {
  for (const name of ['upstream-hash-by', 'affinity balanced'] as const) {
    const { whenOneComes, whenOneGoes } = moves(name);
    assert.ok(whenOneComes > 0.05 && whenOneComes < 0.14, `${name} ${whenOneComes}`);
    assert.ok(whenOneGoes > 0.05 && whenOneGoes < 0.15, `${name} ${whenOneGoes}`);
  }
  const { whenOneComes, whenOneGoes } = moves('affinity persistent');
  assert.equal(whenOneComes, 0);
  assert.ok(whenOneGoes > 0.05 && whenOneGoes < 0.15, String(whenOneGoes));
});

test('the same seed gives the same numbers', () => {
  for (const name of balancerNames) assert.deepEqual(spread(name), spread(name), name);
});
