import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ingress } from '../translate/snapshot.ts';
import { refuseTooManyPaths } from './webhook-rules.ts';

function ingressWithPaths(count: number): Ingress {
  const paths = Array.from({ length: count }, (_, index) => ({
    path: `/${index}`,
    pathType: 'Prefix',
  }));
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { rules: [{ host: 'shop.test', http: { paths } }] },
  };
}

for (const { count, want } of [
  { count: 10_000, want: [] },
  { count: 10_001, want: ['It has 10001 paths, and an Ingress has at most 10000: split it.'] },
]) {
  test(`an Ingress of ${count} paths: ${want.length === 0 ? 'taken' : 'refused'}`, () => {
    const refused = refuseTooManyPaths(ingressWithPaths(count));
    assert.deepEqual(
      refused.map(({ message }) => message),
      want,
    );
  });
}
