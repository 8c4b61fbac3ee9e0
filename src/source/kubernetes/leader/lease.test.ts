import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newLease, readLease, releasedLease, takenLease } from './lease.ts';

const tenure = { holder: 'a', durationMs: 30_000, nowMs: Date.UTC(2026, 4, 1, 12, 0, 0, 7) };
const NOW = '2026-05-01T12:00:00.007000Z';

test('a new Lease says who holds it, for how long, and since when', () => {
  assert.deepEqual(newLease('ingress', 'leader', tenure), {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace: 'ingress', name: 'leader' },
    spec: {
      holderIdentity: 'a',
      leaseDurationSeconds: 30,
      renewTime: NOW,
      acquireTime: NOW,
      leaseTransitions: 0,
    },
  });
});

for (const { name, spec, want } of [
  {
    name: 'one’s own is renewed: it was acquired when it was',
    spec: { holderIdentity: 'a', acquireTime: 'then', leaseTransitions: 3, strategy: 'x' },
    want: { acquireTime: 'then', leaseTransitions: 3, strategy: 'x' },
  },
  {
    name: 'another’s is taken over: that is counted',
    spec: { holderIdentity: 'b', acquireTime: 'then', leaseTransitions: 3 },
    want: { acquireTime: NOW, leaseTransitions: 4 },
  },
  {
    name: 'nobody’s is taken, whatever it holds',
    spec: 'nonsense',
    want: { acquireTime: NOW, leaseTransitions: 1 },
  },
]) {
  test(`taking a Lease: ${name}`, () => {
    const metadata = { name: 'leader', resourceVersion: '7', labels: { kept: 'yes' } };
    assert.deepEqual(takenLease({ metadata, spec }, tenure), {
      metadata,
      spec: { holderIdentity: 'a', leaseDurationSeconds: 30, renewTime: NOW, ...want },
    });
  });
}

test('a Lease that is given up has no holder', () => {
  const spec = { holderIdentity: 'a', leaseTransitions: 3, leaseDurationSeconds: 30 };
  assert.deepEqual(releasedLease({ metadata: {}, spec }, tenure.nowMs), {
    metadata: {},
    spec: { leaseTransitions: 3, leaseDurationSeconds: 1, renewTime: NOW },
  });
});

for (const { name, spec, holder, durationMs } of [
  {
    name: 'as it should be',
    spec: { holderIdentity: 'b', leaseDurationSeconds: 15 },
    holder: 'b',
    durationMs: 15_000,
  },
  {
    name: 'given up',
    spec: { holderIdentity: '', leaseDurationSeconds: 1 },
    holder: undefined,
    durationMs: 1_000,
  },
  { name: 'without a duration', spec: { holderIdentity: 'b' }, holder: 'b', durationMs: 9_000 },
  {
    name: 'with nonsense',
    spec: { holderIdentity: 5, leaseDurationSeconds: -3 },
    holder: undefined,
    durationMs: 9_000,
  },
  { name: 'without a spec', spec: undefined, holder: undefined, durationMs: 9_000 },
]) {
  test(`reading a Lease ${name}`, () => {
    const record = readLease({ spec }, 9_000);
    assert.deepEqual([record.holder, record.durationMs], [holder, durationMs]);
  });
}
