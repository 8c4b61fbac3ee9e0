import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../../model/finding.ts';
import type { KubernetesObject } from '../../../translate/snapshot.ts';
import {
  combineAlike,
  draftOfFinding,
  eventName,
  identityOfDraft,
  reasonOf,
  type EventDraft,
} from './event-draft.ts';

const INGRESS: KubernetesObject = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { namespace: 'shop', name: 'web', uid: 'u-1' },
};
const find = (resource: string, key: string): KubernetesObject | undefined =>
  resource === 'ingresses' && key === 'shop/web' ? INGRESS : undefined;
const FINDING: Finding = {
  code: 'path-conflict',
  object: 'Ingress shop/web',
  field: 'spec.rules[0]',
  message: 'Another owns it.',
};

test('a finding becomes a warning on its object', () => {
  assert.deepEqual(draftOfFinding(FINDING, find), {
    subject: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      namespace: 'shop',
      name: 'web',
      uid: 'u-1',
    },
    type: 'Warning',
    reason: 'PathConflict',
    message: 'spec.rules[0]: Another owns it.',
  });
});

for (const object of [
  'Ingress shop/gone',
  'File shop.yaml',
  'Resource events',
  'IngressClass x',
  '',
]) {
  test(`a finding about ${JSON.stringify(object)} becomes none: there is no such object`, () => {
    assert.equal(draftOfFinding({ ...FINDING, object }, find), undefined);
  });
}

test('reasons that ingress-nginx has are kept', () => {
  const codes = ['annotation-invalid', 'ingress-dropped', 'guard-not-honoured'] as const;
  assert.deepEqual(codes.map(reasonOf), [
    'AnnotationParsingFailed',
    'Rejected',
    'GuardNotHonoured',
  ]);
  const draft = draftOfFinding({ ...FINDING, code: 'annotation-invalid' }, find);
  assert.match(draft?.message ?? '', /^Error parsing annotations: spec\.rules\[0\]: /);
});

function draft(message: string, name = 'web'): EventDraft {
  const subject = { apiVersion: 'v1', kind: 'Ingress', namespace: 'shop', name };
  return { subject, type: 'Warning', reason: 'PathInvalid', message };
}

test('of many alike of one object ten stay, and one stands for the rest', () => {
  const alike = Array.from({ length: 300 }, (_, index) => draft(`path ${index}`));
  const combined = combineAlike([...alike, draft('alone', 'other')]);
  assert.equal(combined.length, 12);
  const [last] = combined.slice(10);
  assert.match(
    last?.message ?? '',
    /^290 more like these \(combined from similar events\): path 10$/,
  );
  const fewer = combineAlike(alike.slice(0, 200)).at(-1);
  assert.ok(last !== undefined && fewer !== undefined);
  assert.equal(identityOfDraft(last), identityOfDraft(fewer), 'it is the same event all the time');
  assert.deepEqual(combineAlike(alike.slice(0, 10)), alike.slice(0, 10));
});

test('a name is the same for the same, another for another, and one that an object can have', () => {
  const long = draft('text', 'n'.repeat(253));
  assert.equal(eventName(draft('text')), eventName(draft('text')));
  assert.notEqual(eventName(draft('text')), eventName(draft('another')));
  assert.notEqual(eventName(draft('text')), eventName(draft('text'), 'later'));
  assert.match(eventName(draft('text')), /^web\.[0-9a-f]{16}$/);
  assert.equal(eventName(long).length, 253);
});

test('a message has an end', () => {
  const message = 'x'.repeat(100_000);
  assert.ok((draftOfFinding({ ...FINDING, message }, find)?.message.length ?? 0) < 1_024);
});
