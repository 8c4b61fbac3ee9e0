import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../api-error.ts';
import type { ObjectApi } from '../api-writer.ts';
import type { JsonObject } from '../prune.ts';
import { readControllerPods, selectorOf } from './controller-pods.ts';

for (const { name, labels, want } of [
  {
    name: 'what identifies, whatever the version',
    labels: {
      'app.kubernetes.io/name': 'ts-nginx',
      'app.kubernetes.io/instance': 'edge',
      'app.kubernetes.io/component': 'controller',
      'app.kubernetes.io/version': '0.1.0',
      'helm.sh/chart': 'ts-nginx-0.1.0',
      'pod-template-hash': 'abc',
    },
    want: 'app.kubernetes.io/name=ts-nginx,app.kubernetes.io/instance=edge,app.kubernetes.io/component=controller',
  },
  {
    name: 'all but a revision’s, where nothing identifies',
    labels: { app: 'edge', 'pod-template-hash': 'abc', 'controller-revision-hash': 'def' },
    want: 'app=edge',
  },
  { name: 'nothing, where there are none', labels: {}, want: '' },
]) {
  test(`pods of a controller are selected by ${name}`, () => {
    assert.equal(selectorOf({ metadata: { labels } }), want);
  });
}

const pod = (name: string, more: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
  metadata: { name, labels: { app: 'edge' }, ...metadata },
  spec: { nodeName: `node-of-${name}` },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  ...more,
});

function apiWith(answers: Readonly<Record<string, JsonObject>>): ObjectApi {
  const refuse = (): never => {
    throw new ApiError(404, 'not found');
  };
  return {
    get: (path) => Promise.resolve(answers[path] ?? refuse()),
    create: refuse,
    replace: refuse,
    merge: refuse,
  };
}

test('those that end, or do not run yet, do not count', async () => {
  const items = [
    pod('own'),
    pod('other', { status: { phase: 'Running' } }),
    pod('ending', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    pod('pending', { status: { phase: 'Pending' } }),
  ];
  const path = '/api/v1/namespaces/ingress/pods';
  const api = apiWith({
    [`${path}/own`]: pod('own'),
    [`${path}?labelSelector=app%3Dedge`]: { items },
  });
  assert.deepEqual(await readControllerPods(api, 'ingress', 'own'), [
    { name: 'own', node: 'node-of-own', isReady: true },
    { name: 'other', node: 'node-of-other', isReady: false },
  ]);
});

test('a process that is no pod has none', async () => {
  assert.equal(await readControllerPods(apiWith({}), 'ingress', 'own'), undefined);
});
