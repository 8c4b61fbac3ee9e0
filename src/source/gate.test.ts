import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from './gate.ts';

test('no more run at once than allowed, in order, and one that fails makes room', async () => {
  const gate = new Gate(2);
  const started: number[] = [];
  const tasks = [0, 1, 2, 3].map(() => Promise.withResolvers<number>());
  const results = tasks.map(({ promise }, index) =>
    gate.run(() => {
      started.push(index);
      return promise;
    }),
  );
  assert.deepEqual(started, [0, 1]);
  tasks[1]?.reject(new Error('failed'));
  await assert.rejects(Promise.resolve(results[1]), /failed/);
  assert.deepEqual(started, [0, 1, 2]);
  for (const [index, { resolve }] of tasks.entries()) resolve(index);
  assert.deepEqual(await Promise.all([results[0], results[2], results[3]]), [0, 2, 3]);
  assert.equal(await gate.run(() => 4), 4);
});
