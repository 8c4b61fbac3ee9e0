import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../observability/logger.ts';
import { containerMemoryLimit, MemoryWatch } from './memory-watch.ts';

const log = createLogger({ level: 'silent', destinationFd: 2 });

for (const { name, shares, told } of [
  { name: 'below 92 % nothing is said', shares: [0.1, 0.919], told: [] },
  { name: '92 % is high, 95 % critical', shares: [0.92, 0.95], told: ['high', 'critical'] },
  { name: 'a leap to 97 % is critical at once', shares: [0.5, 0.97], told: ['critical'] },
  { name: 'nothing is said twice', shares: [0.93, 0.94, 0.93], told: ['high'] },
  { name: 'just below is no relief', shares: [0.96, 0.94, 0.92], told: ['critical', 'high'] },
  { name: 'relief is told', shares: [0.93, 0.91, 0.89], told: ['high', 'none'] },
  { name: 'all at once', shares: [0.99, 0.2], told: ['critical', 'none'] },
]) {
  test(`memory watch: ${name}`, () => {
    const heard: string[] = [];
    let share = 0;
    const watch = new MemoryWatch({
      limitBytes: 1_000,
      log,
      usedBytes: () => share * 1_000,
      onChange: (pressure) => heard.push(pressure),
    });
    for (share of shares) watch.look();
    assert.deepEqual(heard, told);
  });
}

test('memory watch: without a limit there is no pressure', () => {
  const watch = new MemoryWatch({
    limitBytes: 'none',
    log,
    usedBytes: () => Infinity,
    onChange: () => assert.fail('told of pressure'),
  });
  watch.start();
  watch.look();
  watch.stop();
  assert.equal(watch.limitBytes, undefined);
});

test('memory watch: the limit of a container is a number of bytes, or none', () => {
  const limit = containerMemoryLimit();
  assert.ok(limit === 'none' || limit > 1_000_000, String(limit));
});

test('memory watch: what is free ends where memory is short', () => {
  const watch = (limitBytes: number | 'none'): MemoryWatch =>
    new MemoryWatch({ limitBytes, log, usedBytes: () => 900, onChange: () => undefined });
  assert.equal(watch(1_000).freeBytes(), 20);
  assert.equal(watch('none').freeBytes(), undefined);
});
