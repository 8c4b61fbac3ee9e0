import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from './logger.ts';
import { mainThread, type ProfiledThread } from './profiled-thread.ts';
import { profileFileName, Profiler } from './profiler.ts';

const MEBIBYTE = 1024 * 1024;
const log = createLogger({ level: 'silent' });
const patient = new AbortController().signal;

/** A thread whose profiles are counted. */
class FakeThread implements ProfiledThread {
  readonly name: string;
  readonly end = new AbortController();
  readonly ended = this.end.signal;
  begun = 0;
  stopped = 0;

  constructor(name: string) {
    this.name = name;
  }

  startCpuProfile(): ReturnType<ProfiledThread['startCpuProfile']> {
    this.begun += 1;
    const stop = (): Promise<string> => {
      this.stopped += 1;
      return this.ended.aborted ? Promise.reject(new Error('gone')) : Promise.resolve(this.name);
    };
    return Promise.resolve({ stop });
  }

  async heapSnapshot(): Promise<readonly Uint8Array[]> {
    return Promise.resolve([Buffer.from('{}')]);
  }

  async heapBytes(): Promise<number> {
    return Promise.resolve(10 * MEBIBYTE);
  }
}

function start(freeBytes?: number): { profiler: Profiler; one: FakeThread; two: FakeThread } {
  const [one, two] = [new FakeThread('main'), new FakeThread('worker-0')];
  const profiler = new Profiler({ threads: () => [one, two], freeBytes: () => freeBytes, log });
  return { profiler, one, two };
}

test('a profile is of the thread that was asked for, or of all', async () => {
  const { profiler, one, two } = start();
  assert.equal(await profiler.cpuProfile('worker-0', 1, patient), 'worker-0');
  assert.deepEqual([one.begun, two.begun, two.stopped], [0, 1, 1]);
  assert.deepEqual(Object.fromEntries(await profiler.cpuProfiles(1)), {
    main: { status: 'fulfilled', value: 'main' },
    'worker-0': { status: 'fulfilled', value: 'worker-0' },
  });
});

test('an unknown thread is told which there are', async () => {
  const message = 'threads are main, worker-0';
  const { profiler } = start();
  const given = { force: false, signal: patient };
  await assert.rejects(profiler.cpuProfile('worker-7', 1, patient), { message });
  await assert.rejects(profiler.heapSnapshot('', given), { problem: 'unknown-thread', message });
});

test('one runs at a time, and the next when it has ended', async () => {
  const { profiler, one } = start();
  const first = profiler.cpuProfile('main', 20, patient);
  const snapshot = profiler.heapSnapshot('worker-0', { force: false, signal: patient });
  await assert.rejects(snapshot, { problem: 'busy' });
  await assert.rejects(profiler.cpuProfiles(1), { problem: 'busy' });
  assert.equal(await first, 'main');
  assert.equal(await profiler.cpuProfile('main', 1, patient), 'main');
  assert.equal(one.begun, 2);
});

for (const { name, end, message } of [
  {
    name: 'who asked goes away',
    end: ({ asker }: Ends) => {
      asker.abort(new Error('the client went away'));
    },
    message: 'the client went away',
  },
  {
    name: 'its thread ends',
    end: ({ thread }: Ends) => {
      thread.end.abort(new Error('worker-0 ended meanwhile'));
    },
    message: 'worker-0 ended meanwhile',
  },
  {
    name: 'the process shuts down',
    end: ({ profiler }: Ends) => {
      profiler.stop();
    },
    message: 'ts-nginx is shutting down',
  },
]) {
  test(`a profile is stopped at once when ${name}`, async () => {
    const { profiler, two } = start();
    const asker = new AbortController();
    const profile = profiler.cpuProfile('worker-0', 600_000, asker.signal);
    setImmediate(end, { profiler, asker, thread: two });
    await assert.rejects(profile, { problem: 'ended', message });
    assert.equal(two.stopped, 1);
  });
}

interface Ends {
  readonly profiler: Profiler;
  readonly asker: AbortController;
  readonly thread: FakeThread;
}

test('of all threads, one that ends spoils none of the others', async () => {
  const { profiler, two } = start();
  setImmediate(() => {
    two.end.abort(new Error('worker-0 ended meanwhile'));
  });
  const results = await profiler.cpuProfiles(20);
  assert.deepEqual(results.get('main'), { status: 'fulfilled', value: 'main' });
  assert.equal(results.get('worker-0')?.status, 'rejected');
});

test('a heap snapshot that may not fit into memory is not made, unless forced', async () => {
  const take = (free: number | undefined, force: boolean): Promise<readonly Uint8Array[]> =>
    start(free).profiler.heapSnapshot('main', { force, signal: patient });
  const message = /may take 100 MiB, and 99 MiB are left .* force=true/;
  await assert.rejects(take(99 * MEBIBYTE, false), { problem: 'memory', message });
  for (const [free, force] of [
    [101 * MEBIBYTE, false],
    [undefined, false],
    [-MEBIBYTE, true],
  ] as const) {
    assert.equal(Buffer.concat(await take(free, force)).toString(), '{}');
  }
});

test('the thread that runs this can be looked into', async () => {
  const profile = await mainThread.startCpuProfile();
  const { nodes } = JSON.parse(await profile.stop()) as { nodes: unknown[] };
  assert.ok(nodes.length > 0);
  assert.ok((await mainThread.heapBytes()) > MEBIBYTE);
});

test('file names tell thread, process and kind', () => {
  const name = profileFileName('worker-0', 'cpuprofile');
  assert.match(name, /^ts-nginx-\d+-worker-0-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z\.cpuprofile$/);
});
