import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Sensitive } from '../model/sensitive.ts';
import { createLogger, levelOfVerbosity } from './logger.ts';
import type { Logger, LogLevel } from './logger.ts';

/** What `use` makes a logger of this level write, line by line. */
function linesOf(t: TestContext, level: LogLevel, use: (log: Logger) => void): unknown[] {
  const folder = mkdtempSync(join(tmpdir(), 'logger-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'log');
  const fd = openSync(path, 'w');
  use(createLogger({ level, destinationFd: fd }));
  closeSync(fd);
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as unknown);
}

test('a line is JSON with level, time, fields and message', (t) => {
  const [line] = linesOf(t, 'info', (log) => {
    log.child({ component: 'listener' }).warn({ port: 80 }, 'port taken');
  });
  const { time, ...rest } = line as { time: string };
  assert.deepEqual(rest, { level: 'warn', component: 'listener', port: 80, msg: 'port taken' });
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('lines below the level are not written', (t) => {
  const lines = linesOf(t, 'warn', (log) => {
    log.info('not this');
    log.error('but this');
    assert.equal(log.isLevelEnabled('info'), false);
  });
  assert.equal(lines.length, 1);
});

test('secrets are redacted wherever they stand', (t) => {
  const key = new Sensitive('hunter2');
  const lines = linesOf(t, 'info', (log) => {
    log.info({ key, nested: { keys: [key] } }, `with ${String(key)}`);
    log.child({ key }).info('bound');
    log.error({ err: new Error(`bad ${String(key)}`, { cause: key }) }, 'failed');
  });
  assert.equal(lines.length, 3);
  assert.doesNotMatch(JSON.stringify(lines), /hunter2/);
  assert.match(JSON.stringify(lines[0]), /\[redacted\].*\[redacted\].*\[redacted\]/);
});

test('a descriptor that takes nothing does not throw', () => {
  const fd = openSync('/dev/full', 'w');
  createLogger({ level: 'info', destinationFd: fd }).info('lost');
  closeSync(fd);
});

for (const { given, want } of [
  { given: 0, want: 'info' },
  { given: 1, want: 'info' },
  { given: 2, want: 'debug' },
  { given: 5, want: 'trace' },
  { given: -3, want: 'info' },
]) {
  test(`-v ${given} means ${want}`, () => {
    assert.equal(levelOfVerbosity(given), want);
  });
}
