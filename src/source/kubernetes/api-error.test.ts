import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from './api-error.ts';

for (const { message, right } of [
  {
    message:
      'secrets is forbidden: User "system:serviceaccount:a:b" cannot create resource "secrets" in API group "" in the namespace "a"',
    right: { verb: 'create', resource: 'secrets' },
  },
  {
    message:
      'ingresses.networking.k8s.io "web" is forbidden: User "x" cannot update resource "ingresses/status" in API group "networking.k8s.io" in the namespace "shop"',
    right: { verb: 'update', resource: 'ingresses.networking.k8s.io/status' },
  },
  { message: 'pods "a" is forbidden: exceeded quota: pods', right: undefined },
]) {
  test(`the right that a refusal names: ${right?.resource ?? 'none'}`, () => {
    assert.deepEqual(new ApiError(403, message).right, right);
  });
}

test('only a 403 is about rights', () => {
  const message = 'User "x" cannot get resource "pods" in API group ""';
  assert.equal(new ApiError(500, message).right, undefined);
});
