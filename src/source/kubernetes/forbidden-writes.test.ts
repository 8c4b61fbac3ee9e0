import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../model/finding.ts';
import { ApiError } from './api-error.ts';
import { COUNTING, ForbiddenWrites } from './forbidden-writes.ts';

test('one finding a resource, a pause in each namespace, and an end when it works everywhere', () => {
  let nowMs = 0;
  const findings = new Map<string, readonly Finding[]>();
  const forbidden = new ForbiddenWrites({
    setFindings: (origin, now) => findings.set(origin, now),
    now: () => nowMs,
  });
  const refuse = (namespace: string): void => {
    const write = { verb: 'create', resource: 'events', namespace };
    forbidden.refused(write, new ApiError(403, 'User "x" cannot create resource "events"'));
  };
  refuse('shop');
  refuse('blog');
  const [finding] = [...findings.values()].flat();
  assert.equal(findings.size, 1);
  assert.equal(finding?.object, 'Resource events');
  assert.match(finding.message, /does not allow create of events in namespace shop \(HTTP 403/);
  assert.deepEqual(
    ['shop', 'blog', 'other'].map((namespace) => forbidden.isPaused('events', namespace)),
    [true, true, false],
  );
  nowMs = 60_000;
  assert.equal(forbidden.isPaused('events', 'shop'), false, 'it is tried again');
  forbidden.allowed('events', 'shop');
  assert.equal([...findings.values()].flat().length, 1, 'elsewhere it is forbidden still');
  forbidden.allowed('events', 'blog');
  assert.deepEqual([...findings.values()].flat(), []);
});

test('what is refused of a resource pauses nothing else of it', () => {
  const findings = new Map<string, readonly Finding[]>();
  const forbidden = new ForbiddenWrites({
    setFindings: (origin, now) => findings.set(origin, now),
    now: () => 0,
  });
  const patch = { verb: 'patch', resource: 'events', namespace: 'shop', what: COUNTING };
  forbidden.refused(patch, new ApiError(403, 'no'));
  assert.equal(forbidden.isPaused('events', 'shop'), false);
  assert.equal(forbidden.isPaused(COUNTING, 'shop'), true);
  assert.deepEqual(
    [...findings.values()].flat().map(({ right }) => right),
    [{ verb: 'patch', resource: 'events' }],
  );
});
