import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestName } from './edit-distance.ts';

const names = ['proxy-body-size', 'app-root', 'canary', 'satisfy'];

for (const [text, want] of [
  ['proxy-body-sise', 'proxy-body-size'],
  ['proxy-bdoy-size', 'proxy-body-size'],
  ['proxybodysize', 'proxy-body-size'],
  ['proxy-body', undefined],
  ['canari', 'canary'],
  ['carany', 'canary'],
  ['rot', undefined],
  ['', undefined],
] as const) {
  test(`${JSON.stringify(text)} is near ${want ?? 'nothing'}`, () => {
    assert.equal(nearestName(text, names), want);
  });
}

test('the nearer of two counts', () => {
  assert.equal(nearestName('auth-urk', ['auth-uri-x', 'auth-url']), 'auth-url');
});
