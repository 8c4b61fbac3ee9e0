import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { flushAfterThisTurn, flushWhenDue } from './write-gatherer.ts';

/** Asks `ask` for so many outputs in one turn; gives how many left at once, and how many at its end. */
async function takeTurn(count: number, ask: typeof flushWhenDue) {
  let flushed = 0;
  for (let index = 0; index < count; index++) ask({ flush: () => (flushed += 1) });
  const atOnce = flushed;
  await setImmediate();
  return { atOnce, atEnd: flushed - atOnce };
}

test('what must gather leaves at the end of the turn, however little it is', async () => {
  assert.deepEqual(await takeTurn(1, flushAfterThisTurn), { atOnce: 0, atEnd: 1 });
  assert.deepEqual(await takeTurn(1, flushAfterThisTurn), { atOnce: 0, atEnd: 1 });
});

test('what may leave at once does so after turns with little, and is gathered again when there is much', async () => {
  await takeTurn(8, flushAfterThisTurn);
  assert.deepEqual(await takeTurn(1, flushWhenDue), { atOnce: 0, atEnd: 1 });
  assert.deepEqual(await takeTurn(1, flushWhenDue), { atOnce: 1, atEnd: 0 });
  // It is found out after a while.
  const busy = await takeTurn(64, flushWhenDue);
  assert.ok(busy.atOnce > 0 && busy.atEnd > 8, JSON.stringify(busy));
  assert.deepEqual(await takeTurn(64, flushWhenDue), { atOnce: 0, atEnd: 64 });
});

test('what is asked for by a flush belongs to the next turn', async () => {
  const order: string[] = [];
  const later = { flush: () => void order.push('later') };
  flushAfterThisTurn({
    flush: () => {
      order.push('first');
      flushAfterThisTurn(later);
    },
  });
  flushAfterThisTurn({ flush: () => void order.push('second') });
  await setImmediate();
  await setImmediate();
  assert.deepEqual(order, ['first', 'second', 'later']);
});

test('many do not wait for a long turn, but for the event in which they came', async () => {
  await takeTurn(8, flushAfterThisTurn);
  let flushed = 0;
  const ask = (count: number): void => {
    for (let index = 0; index < count; index++) flushWhenDue({ flush: () => (flushed += 1) });
  };
  ask(63);
  await nextTick();
  assert.equal(flushed, 0);
  ask(1);
  assert.equal(flushed, 0);
  await nextTick();
  assert.equal(flushed, 64);
  ask(1);
  assert.equal(flushed, 64);
  await setImmediate();
  assert.equal(flushed, 65);
});

function nextTick(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
