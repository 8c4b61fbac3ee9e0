import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resource } from '../../translate/snapshot.ts';
import { explainUnsettled, findingsOf, unsettledOf, type WatchState } from './watch-state.ts';

function listed(resource: Resource, listedAt: number): WatchState {
  return {
    target: { resource, namespace: undefined, name: undefined },
    listedAt,
    trouble: undefined,
  };
}

function refused(resource: Resource, at: number, refusals = 1): WatchState {
  return {
    target: { resource, namespace: undefined, name: undefined },
    listedAt: undefined,
    trouble: { verb: 'list', reason: 'HTTP 403: no', refusals, at },
  };
}

for (const { name, states, want } of [
  { name: 'nothing is waited for when all is listed', states: [listed('ingresses', 1)], want: [] },
  {
    name: 'IngressClasses that are refused after the rest was read are done without',
    states: [listed('ingresses', 10), listed('services', 20), refused('ingressclasses', 21)],
    want: [],
  },
  {
    name: 'a refusal from before that may be the start of a server',
    states: [listed('ingresses', 10), listed('services', 20), refused('ingressclasses', 15)],
    want: ['ingressclasses'],
  },
  {
    name: 'refused Ingresses are waited for, and so is everything that depends on them',
    states: [refused('ingresses', 10, 9), refused('ingressclasses', 20, 9)],
    want: ['ingresses', 'ingressclasses'],
  },
  {
    name: 'a ConfigMap must not be done without',
    states: [listed('ingresses', 10), refused('configmaps', 20, 9)],
    want: ['configmaps'],
  },
  {
    name: 'a Secret may be',
    states: [listed('ingresses', 10), refused('secrets', 20)],
    want: [],
  },
]) {
  test(name, () => {
    assert.deepEqual(
      unsettledOf(states).map(({ target }) => target.resource),
      want,
    );
  });
}

test('trouble that is no refusal is waited out', () => {
  const states: WatchState[] = [listed('ingresses', 10), refused('secrets', 20, 0)];
  assert.equal(unsettledOf(states).length, 1);
});

test('what is waited for says why', () => {
  assert.equal(
    explainUnsettled(refused('ingresses', 1)),
    'ingresses: first list not complete (HTTP 403: no)',
  );
  assert.equal(
    explainUnsettled({ ...listed('ingresses', 1), listedAt: undefined }),
    'ingresses: first list not complete (under way)',
  );
});

test('a refusal is a finding when it lasts', () => {
  assert.deepEqual(findingsOf(refused('ingresses', 1, 2)), []);
  const [finding] = findingsOf(refused('ingresses', 1, 3));
  assert.equal(finding?.code, 'source-forbidden');
  assert.match(finding.message, /^The API server does not allow list of ingresses\.networking/);
  assert.deepEqual(finding.right, { verb: 'list', resource: 'ingresses.networking.k8s.io' });
});
