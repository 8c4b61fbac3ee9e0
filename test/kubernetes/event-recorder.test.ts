import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { ApiError } from '../../src/source/kubernetes/api-error.ts';
import type { EventDraft } from '../../src/source/kubernetes/events/event-draft.ts';
import {
  EventRecorder,
  type EventLimits,
  type EventResult,
} from '../../src/source/kubernetes/events/event-recorder.ts';
import { ForbiddenWrites } from '../../src/source/kubernetes/forbidden-writes.ts';
import { createSoleLeadership } from '../../src/source/kubernetes/leader/leadership.ts';
import { createRecordingLog } from '../blackbox/harness/recording-log.ts';
import { FakeObjectApi } from './fake-object-api.ts';
import { until } from './until.ts';

const LIMIT = { timeout: 10_000 };
const EVENTS = '/api/v1/namespaces/shop/events';

interface Recording {
  readonly recorder: EventRecorder;
  readonly api: FakeObjectApi;
  readonly results: EventResult[];
  readonly lead: () => void;
  readonly counts: () => (readonly [string, unknown])[];
  /** Resolves when so many have an outcome. */
  readonly outcomes: (count: number) => Promise<void>;
}

function record(
  t: TestContext,
  limits: Partial<EventLimits> = {},
  api = new FakeObjectApi(),
): Recording {
  const leadership = createSoleLeadership();
  const results: EventResult[] = [];
  const now = (): number => performance.now();
  const recorder = new EventRecorder(
    {
      pod: 'pod-1',
      clock: {
        monotonicMs: now,
        wallMs: () => Date.UTC(2026, 0, 1),
        wait: () => Promise.resolve(),
      },
      limits: { perSecond: 10_000, burst: 10_000, ...limits },
    },
    {
      api,
      leadership,
      forbidden: new ForbiddenWrites({ setFindings: () => undefined, now }),
      log: createRecordingLog().log,
      onEvent: (result) => results.push(result),
    },
  );
  recorder.start();
  t.after(() => {
    recorder.stop();
  });
  return {
    recorder,
    api,
    results,
    lead: () => {
      leadership.start();
    },
    counts: () =>
      [...api.objects.values()].map(({ message, count }) => [String(message), count] as const),
    outcomes: (count) => until(() => results.length >= count),
  };
}

function warning(message: string, name = 'web'): EventDraft {
  const subject = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: 'shop', name };
  return { subject, type: 'Warning', reason: 'PathInvalid', message };
}

suite('event recorder', () => {
  test('who does not lead sends nothing, and all that stands when it does', LIMIT, async (t) => {
    const { recorder, api, lead, outcomes, counts } = record(t);
    recorder.setStanding([warning('a'), warning('b')]);
    recorder.note(warning('noted'));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(api.calls, []);
    lead();
    await outcomes(2);
    assert.deepEqual(counts(), [
      ['a', 1],
      ['b', 1],
    ]);
  });

  test(
    'what stands is told once, what comes back counts on in the same event',
    LIMIT,
    async (t) => {
      const { recorder, api, lead, outcomes, counts } = record(t);
      lead();
      recorder.setStanding([warning('a')]);
      await outcomes(1);
      recorder.setStanding([warning('a'), warning('b')]);
      await outcomes(2);
      recorder.setStanding([warning('b')]);
      recorder.setStanding([warning('a'), warning('b')]);
      await outcomes(3);
      assert.deepEqual(counts(), [
        ['a', 2],
        ['b', 1],
      ]);
      assert.deepEqual(
        api.calls.map(({ verb }) => verb),
        ['create', 'create', 'patch'],
      );
    },
  );

  test('an event has what `kubectl` shows', LIMIT, async (t) => {
    const { recorder, api, lead, outcomes } = record(t);
    lead();
    recorder.setStanding([warning('a')]);
    await outcomes(1);
    const [event] = api.objects.values();
    assert.ok(event !== undefined);
    assert.equal(api.calls[0]?.path, EVENTS);
    const { involvedObject, type, reason, firstTimestamp, source, reportingInstance } = event;
    assert.deepEqual(involvedObject, warning('a').subject);
    assert.deepEqual([type, reason], ['Warning', 'PathInvalid']);
    assert.equal(firstTimestamp, '2026-01-01T00:00:00Z');
    assert.deepEqual(source, { component: 'ts-nginx', host: 'pod-1' });
    assert.equal(reportingInstance, 'pod-1');
  });

  test('what another leader has told already stays as it is', LIMIT, async (t) => {
    const first = record(t);
    first.lead();
    first.recorder.setStanding([warning('a')]);
    await first.outcomes(1);
    const before = structuredClone([...first.api.objects]);
    const second = record(t, {}, first.api);
    second.lead();
    second.recorder.setStanding([warning('a')]);
    await second.outcomes(1);
    assert.deepEqual([...first.api.objects], before);
    assert.deepEqual(second.results, ['sent']);
  });

  test(
    'an event that the API server has forgotten, or that can not be patched, is made anew',
    LIMIT,
    async (t) => {
      const { recorder, api, lead, outcomes, counts } = record(t);
      lead();
      const again = async (count: number): Promise<void> => {
        recorder.setStanding([]);
        recorder.setStanding([warning('a')]);
        await outcomes(count);
      };
      await again(1);
      api.objects.clear();
      await again(2);
      assert.deepEqual(counts(), [['a', 1]]);
      api.onCall = ({ verb }) => (verb === 'patch' ? new ApiError(403, 'no') : undefined);
      await again(3);
      assert.deepEqual(api.calls.at(-1)?.verb, 'create');
    },
  );

  test('one object is told so much at once and no more', LIMIT, async (t) => {
    const { recorder, lead, outcomes, results, counts } = record(t, { objectBurst: 3 });
    lead();
    const drafts = Array.from({ length: 8 }, (_, index) => warning(`message ${index}`));
    recorder.setStanding([...drafts, warning('hello', 'other')]);
    await outcomes(9);
    assert.ok(counts().length <= 3 + 3 + 1, `${counts().length} events`); // up to four are under way at once
    assert.ok(results.filter((result) => result === 'dropped').length >= 2);
    assert.ok(counts().some(([message]) => message === 'hello'));
  });

  test('5,000 bad objects are no storm', LIMIT, async (t) => {
    const { recorder, api, lead, outcomes } = record(t, { perSecond: 20, burst: 30 });
    lead();
    recorder.setStanding(
      Array.from({ length: 5_000 }, (_, index) => warning('bad', `web-${index}`)),
    );
    const began = performance.now();
    await outcomes(45);
    const tookMs = performance.now() - began;
    assert.ok(tookMs > 650, `45 events took ${tookMs} ms`);
    assert.ok(api.calls.length < 60);
  });

  test('warnings come before notes', LIMIT, async (t) => {
    const { recorder, api, lead, outcomes } = record(t, { perSecond: 50, burst: 1 });
    lead();
    for (let note = 0; note < 5; note++) recorder.note(warning('note', `note-${note}`));
    recorder.setStanding([warning('first', 'a')]);
    await outcomes(2);
    assert.ok(api.calls.slice(0, 2).some(({ object }) => object?.['message'] === 'first'));
  });

  test('an API server that is away gets them later', LIMIT, async (t) => {
    const { recorder, api, lead, outcomes, counts, results } = record(t);
    let refusals = 2;
    api.onCall = () => ((refusals -= 1) >= 0 ? new ApiError(503, 'away') : undefined);
    lead();
    recorder.setStanding([warning('a')]);
    await outcomes(3);
    assert.deepEqual(results, ['failed', 'failed', 'sent']);
    assert.deepEqual(counts(), [['a', 1]]);
  });

  test('what is refused for good is not tried again', LIMIT, async (t) => {
    const { recorder, api, lead, outcomes, results } = record(t);
    const refusals = [
      new ApiError(422, 'invalid'),
      new ApiError(403, 'because it is being terminated'),
    ];
    api.onCall = () => refusals.shift();
    lead();
    recorder.setStanding([warning('a', 'one')]);
    await outcomes(1);
    recorder.setStanding([warning('a', 'one'), warning('a', 'two')]);
    await outcomes(2);
    recorder.setStanding([warning('a', 'one'), warning('a', 'two'), warning('a', 'three')]);
    await outcomes(3);
    assert.deepEqual(results, ['failed', 'failed', 'sent']);
    assert.equal(api.calls.length, 3);
  });
});
