import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chiSquare, fairRange } from '../../../test/unit/chi-square.ts';
import { samplePick } from '../../../test/unit/sample-pick.ts';
import { seededRandom } from '../../../test/unit/seeded-random.ts';
import { FieldList } from '../fields.ts';
import {
  countPicks,
  sampleEndpoints,
  testBalancerContract,
} from '../../../test/unit/balancer-contract.ts';
import { Sticky, type StickyConfig } from './sticky.ts';

const MODES = ['balanced', 'persistent'] as const;
const usual: StickyConfig = {
  mode: 'balanced',
  cookie: 'route',
  changesOnFailure: false,
  salt: 'salt of the service',
};
const newSticky = (changes: Partial<StickyConfig> = {}, seed = 1) =>
  new Sticky({ ...usual, ...changes }, seededRandom(seed));

function withCookie(text: string) {
  const fields = new FieldList();
  fields.push('Cookie', text);
  return samplePick({ fields });
}

/** A session of a new client, and its endpoint. */
function beginSession(sticky: Sticky) {
  const context = samplePick();
  const endpoint = sticky.pick(context);
  assert.ok(endpoint !== undefined && context.session !== undefined);
  return { endpoint, session: context.session };
}

for (const mode of MODES) {
  testBalancerContract(`sticky ${mode}`, (random) => new Sticky({ ...usual, mode }, random));

  test(`${mode}: a session stays, on every worker, and is not told again`, () => {
    const endpoints = sampleEndpoints(10);
    const [worker, other] = [newSticky({ mode }), newSticky({ mode }, 2)];
    worker.setEndpoints(endpoints);
    other.setEndpoints(endpoints);
    for (let client = 0; client < 200; client++) {
      const { endpoint, session } = beginSession(worker);
      assert.match(session, /^[\w-]{22}\.[\w-]{8}$/);
      const again = withCookie(`a=b; route=${session}; c=d`);
      assert.equal(other.pick(again), endpoint);
      assert.equal(again.session, undefined);
    }
  });

  test(`${mode}: what is not a session of ours begins a new one`, () => {
    const sticky = newSticky({ mode });
    sticky.setEndpoints(sampleEndpoints(10));
    const { session } = beginSession(sticky);
    const alien = newSticky({ mode, salt: 'salt of another' });
    alien.setEndpoints(sampleEndpoints(10));
    for (const cookie of [
      'route=',
      'route',
      `other=${session}`,
      `Route=${session}`,
      `route=${session}x`,
      `route=x${session}`,
      `route=${beginSession(alien).session}`,
      'route=1700000000.123.456.7|0123456789abcdef0123456789abcdef',
      'route=0123456789abcdef0123456789abcdef|0123456789abcdef0123456789abcdef',
    ]) {
      const context = withCookie(cookie);
      assert.ok(sticky.pick(context));
      assert.ok(context.session !== undefined, cookie);
    }
  });

  test(`${mode}: of several cookies of the name the one that is ours counts`, () => {
    const sticky = newSticky({ mode });
    sticky.setEndpoints(sampleEndpoints(10));
    const { endpoint, session } = beginSession(sticky);
    const context = withCookie(`route=elsewhere; route=${session}`);
    assert.equal(sticky.pick(context), endpoint);
    assert.equal(context.session, undefined);
  });

  test(`${mode}: after a failure all attempts stay, unless the session may change`, () => {
    const staying = newSticky({ mode });
    const changing = newSticky({ mode, changesOnFailure: true });
    for (const sticky of [staying, changing]) sticky.setEndpoints(sampleEndpoints(10));
    const { endpoint, session } = beginSession(staying);
    const retry = { ...withCookie(`route=${session}`), tried: new Set([endpoint]) };
    assert.equal(staying.pick(retry), endpoint);
    assert.equal(retry.session, undefined);
    const other = changing.pick(retry);
    assert.ok(other !== undefined && other !== endpoint);
    assert.equal(changing.pick(withCookie(`route=${String(retry.session)}`)), other);
  });

  test(`${mode}: no session tells an address`, () => {
    const sticky = newSticky({ mode });
    const endpoints = sampleEndpoints(3);
    sticky.setEndpoints(endpoints);
    for (let client = 0; client < 20; client++) {
      const { session } = beginSession(sticky);
      const decoded = Buffer.from(session, 'base64url').toString('latin1');
      for (const { address } of endpoints) assert.ok(!`${session} ${decoded}`.includes(address));
    }
  });
}

test('persistent: new clients are spread by fair chance', () => {
  const sticky = newSticky({ mode: 'persistent' });
  sticky.setEndpoints(sampleEndpoints(20));
  const statistic = chiSquare([...countPicks(sticky, 20_000).values()]);
  const { least, most } = fairRange(20);
  assert.ok(statistic > least && statistic < most, String(statistic));
});

test('persistent: sessions move only when their endpoint is gone, and are told so', () => {
  const endpoints = sampleEndpoints(20);
  const sticky = newSticky({ mode: 'persistent' });
  sticky.setEndpoints(endpoints.slice(0, 10));
  const sessions = Array.from({ length: 100 }, () => beginSession(sticky));
  sticky.setEndpoints(endpoints);
  for (const { endpoint, session } of sessions) {
    assert.equal(sticky.pick(withCookie(`route=${session}`)), endpoint);
  }
  const gone = new Set(endpoints.slice(0, 5));
  sticky.setEndpoints(endpoints.slice(5));
  for (const { endpoint, session } of sessions) {
    const context = withCookie(`route=${session}`);
    const now = sticky.pick(context);
    assert.equal(now === endpoint, !gone.has(endpoint));
    assert.equal(context.session !== undefined, gone.has(endpoint));
  }
});

test('balanced: who comes takes a share of the sessions, and nobody is told', () => {
  const endpoints = sampleEndpoints(10);
  const sticky = newSticky();
  sticky.setEndpoints(endpoints.slice(0, 9));
  const sessions = Array.from({ length: 1_000 }, () => beginSession(sticky));
  sticky.setEndpoints(endpoints);
  let moved = 0;
  for (const { endpoint, session } of sessions) {
    const context = withCookie(`route=${session}`);
    const now = sticky.pick(context);
    assert.equal(context.session, undefined);
    if (now === endpoint) continue;
    assert.equal(now, endpoints[9]);
    moved += 1;
  }
  assert.ok(moved > 50 && moved < 170, String(moved));
});
