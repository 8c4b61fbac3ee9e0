import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, read, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { sampleExchangeRecord } from '../../test/unit/sample-exchange-record.ts';
import { LINES } from '../../test/unit/two-threads-logging.ts';
import type { AccessLogSettings } from '../model/settings.ts';
import { createAccessLog } from './access-log.ts';
import { LineWriter } from './line-writer.ts';

const TARGETS: AccessLogSettings = {
  kind: 'on',
  format: { kind: 'template', text: '$request_uri' },
  escape: 'default',
};

function temporaryPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'access-log-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return join(folder, 'log');
}

/** A pipe that nobody reads yet, and whose writer does not block. */
function stalledPipe(t: TestContext): { fd: number; readSome: () => Promise<string> } {
  const path = temporaryPath(t);
  execFileSync('mkfifo', [path]);
  // Both ends: else it could not be opened before there is a reader.
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const reader = openSync(path, constants.O_RDONLY);
  t.after(() => {
    closeSync(fd);
    closeSync(reader);
  });
  return { fd, readSome: () => readSome(reader) };
}

test('everything is written, in order, when the log is closed', async (t) => {
  const path = temporaryPath(t);
  const fd = openSync(path, 'w');
  const log = createAccessLog(TARGETS, fd);
  const targets = Array.from({ length: 5_000 }, (_, index) => `/${index}`);
  for (const target of targets) log.write(sampleExchangeRecord({ target }));
  await log.close();
  closeSync(fd);
  assert.deepEqual(readFileSync(path, 'utf8').split('\n'), [...targets, '']);
});

test('an exchange that is logged is seen without closing', async (t) => {
  const { fd, readSome } = stalledPipe(t);
  const log = createAccessLog(TARGETS, fd);
  t.after(() => log.close());
  log.write(sampleExchangeRecord({ target: '/now' }));
  log.flush();
  assert.equal(await readSome(), '/now\n');
});

test('off writes nothing', async (t) => {
  const path = temporaryPath(t);
  const fd = openSync(path, 'w');
  const log = createAccessLog({ kind: 'off' }, fd);
  log.write(sampleExchangeRecord());
  await log.close();
  closeSync(fd);
  assert.equal(readFileSync(path, 'utf8'), '');
});

test('a stalled reader costs lines, which are counted, and nothing else', async (t) => {
  const { fd, readSome } = stalledPipe(t);
  let dropped = 0;
  const writer = new LineWriter(fd, (lines) => (dropped += lines), {
    maxQueuedBytes: 256 * 1024,
    closeMs: 10,
  });
  const written = 10_000;
  for (let line = 0; line < written; line++) writer.write(`${'x'.repeat(99)}\n`);
  assert.ok(dropped > 0, 'the queue is bounded');
  await writer.close();
  const arrived = (await readSome()).length / 100;
  assert.ok(arrived > 0);
  assert.equal(arrived + dropped, written);
});

test('a reader that comes back gets what had waited', async (t) => {
  const { fd, readSome } = stalledPipe(t);
  const writer = new LineWriter(fd, () => {
    assert.fail('nothing is dropped');
  });
  const written = 2_000;
  for (let line = 0; line < written; line++) writer.write(`${'x'.repeat(99)}\n`);
  const closed = writer.close();
  let arrived = 0;
  while (arrived < written * 100) arrived += (await readSome()).length;
  await closed;
  assert.equal(arrived, written * 100);
});

test('a reader that went away is counted, not thrown', async (t) => {
  const fd = openSync('/dev/full', 'w');
  t.after(() => {
    closeSync(fd);
  });
  let dropped = 0;
  const log = createAccessLog(TARGETS, fd, (lines) => (dropped += lines));
  log.write(sampleExchangeRecord());
  log.write(sampleExchangeRecord());
  await log.close();
  assert.equal(dropped, 2);
});

test('threads that share a full pipe do not split each other’s lines', async (t) => {
  const program = join(import.meta.dirname, '../../test/unit/two-threads-logging.ts');
  // The reader takes little at a time, so the pipe is full and the threads compete for each byte of room.
  const child = spawn(
    'sh',
    ['-c', '"$0" "$1" | dd bs=512 status=none', process.execPath, program],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  t.after(() => child.kill());
  const lines = (await text(child.stdout)).split('\n').slice(0, -1);
  assert.equal(lines.length, 2 * LINES);
  assert.deepEqual(
    lines.filter((line) => !/^<\/[01]\/\d+\/x*>$/.test(line)),
    [],
  );
});

/** Waits until there is something to read, and takes it. */
async function readSome(fd: number): Promise<string> {
  const buffer = Buffer.alloc(128 * 1024);
  const { bytesRead } = await promisify(read)(fd, buffer, 0, buffer.length, null);
  return buffer.toString('latin1', 0, bytesRead);
}
