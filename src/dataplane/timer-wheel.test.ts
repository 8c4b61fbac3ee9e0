import assert from 'node:assert/strict';
import test from 'node:test';
import { Timer, TimerWheel } from './timer-wheel.ts';

/** A wheel whose clock the test moves. */
function createWheel() {
  let nowMs = 1_000_000;
  const wheel = new TimerWheel(() => nowMs);
  const fired: string[] = [];
  return {
    wheel,
    fired,
    now: () => nowMs,
    timer: (name: string) => new Timer(wheel, () => fired.push(name)),
    /** Ticks as the interval would, every 50 ms. */
    pass: (ms: number): void => {
      for (const end = nowMs + ms; nowMs < end;) {
        nowMs += 50;
        wheel.advance();
      }
    },
    stall: (ms: number): void => {
      nowMs += ms;
      wheel.advance();
    },
  };
}

test('a timer fires once, never early, at most two ticks late', () => {
  for (const delayMs of [0, 1, 49, 50, 51, 1_000, 60_000, 75_000, 3_600_000]) {
    const { timer, pass, fired, now, wheel } = createWheel();
    timer('a').set(now() + delayMs);
    if (delayMs > 50) pass(delayMs - 50);
    assert.deepEqual(fired, [], `${delayMs} ms: early`);
    pass(150);
    assert.deepEqual(fired, ['a'], `${delayMs} ms: late`);
    pass(1_000);
    assert.deepEqual(fired, ['a']);
    assert.equal(wheel.size, 0);
  }
});

test('a deadline that is moved back counts from there', () => {
  const { timer, pass, fired, now } = createWheel();
  const moved = timer('moved');
  moved.set(now() + 500);
  for (let round = 0; round < 10; round++) {
    pass(400);
    moved.set(now() + 500);
  }
  assert.deepEqual(fired, []);
  pass(650);
  assert.deepEqual(fired, ['moved']);
});

test('a deadline that is moved forward counts from there', () => {
  const { timer, pass, fired, now } = createWheel();
  const moved = timer('moved');
  moved.set(now() + 60_000);
  moved.set(now() + 100);
  pass(200);
  assert.deepEqual(fired, ['moved']);
});

test('a cleared or removed timer does not fire, and may be set again', () => {
  const { timer, pass, fired, now, wheel } = createWheel();
  const cleared = timer('cleared');
  const removed = timer('removed');
  cleared.set(now() + 100);
  removed.set(now() + 100);
  cleared.clear();
  removed.remove();
  assert.equal(wheel.size, 1);
  pass(500);
  assert.deepEqual(fired, []);
  assert.equal(wheel.size, 0);
  cleared.set(now() + 100);
  removed.set(now() + 100);
  pass(200);
  assert.deepEqual(fired.sort(), ['cleared', 'removed']);
});

test('timers may be set, moved and removed while others fire', () => {
  const { wheel, pass, fired, now, timer } = createWheel();
  const last = timer('last');
  const victim = timer('victim');
  const behind = timer('behind');
  const again: Timer = new Timer(wheel, () => {
    fired.push('again');
    victim.remove();
    last.set(now() + 10);
    if (fired.filter((name) => name === 'again').length < 3) again.set(now());
  });
  // The one that was set last fires first.
  behind.set(now() + 100);
  victim.set(now() + 100);
  again.set(now() + 100);
  pass(1_000);
  assert.ok(fired.includes('behind'));
  assert.ok(!fired.includes('victim'));
  assert.equal(wheel.size, 0);
  assert.deepEqual(
    fired.filter((name) => name === 'again'),
    ['again', 'again', 'again'],
  );
  assert.equal(fired.at(-1), 'last');
});

test('after a long stall everything that is due fires at once', () => {
  const { timer, stall, fired, now } = createWheel();
  for (let index = 0; index < 100; index++) timer(`${index}`).set(now() + index * 1_000);
  stall(3_600_000);
  assert.equal(fired.length, 100);
});

test('an idle wheel has no interval: nothing wakes the process', async () => {
  const wheel = new TimerWheel();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = new Timer(wheel, () => {
    resolve(undefined);
  });
  timer.set(performance.now() + 10);
  const held = setTimeout(() => undefined, 5_000);
  await promise;
  clearTimeout(held);
  assert.equal(wheel.size, 0);
});
