import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../observability/logger.ts';
import { Profiler } from '../observability/profiler.ts';
import type { AdminAnswer } from './answer.ts';
import {
  cpuProfileAnswer,
  heapSnapshotAnswer,
  type ProfileRequest,
  type Profiling,
} from './profile-answer.ts';

const durations: number[] = [];

function profiling(freeBytes?: number): Profiling {
  const main = {
    name: 'main',
    ended: new AbortController().signal,
    startCpuProfile: () => Promise.resolve({ stop: () => Promise.resolve('{"nodes":[]}') }),
    heapSnapshot: () => Promise.resolve([Buffer.from('{"snapshot":{}}')]),
    heapBytes: () => Promise.resolve(1_000_000),
  };
  const log = createLogger({ level: 'silent' });
  const profiler = new Profiler({ threads: () => [main], freeBytes: () => freeBytes, log });
  const cpuProfile = profiler.cpuProfile.bind(profiler);
  profiler.cpuProfile = (name, ms, signal) => {
    durations.push(ms);
    return cpuProfile(name, 1, signal);
  };
  return { profiler, seconds: 30 };
}

function request(query: string, changes: Partial<ProfileRequest> = {}): ProfileRequest {
  return {
    query: new URLSearchParams(query),
    headers: { host: 'localhost:10254' },
    peer: '::ffff:127.0.0.1',
    gone: new AbortController().signal,
    ...changes,
  };
}

const bodyOf = ({ body }: AdminAnswer): string =>
  typeof body === 'string' ? body : [...(body as Iterable<string | Uint8Array>)].join('');

test('a CPU profile and a heap snapshot are downloads', async () => {
  const cpu = await cpuProfileAnswer(profiling(), request('thread=main&seconds=7'));
  assert.deepEqual([cpu.status, bodyOf(cpu), durations.at(-1)], [200, '{"nodes":[]}', 7_000]);
  assert.match(
    cpu.headers?.['content-disposition'] ?? '',
    /^attachment; filename="ts-nginx-\d+-main-[\dTZ-]+\.cpuprofile"$/,
  );
  const heap = await heapSnapshotAnswer(profiling(), request('thread=main'));
  assert.deepEqual([heap.status, bodyOf(heap)], [200, '{"snapshot":{}}']);
  assert.match(heap.headers?.['content-disposition'] ?? '', /\.heapsnapshot"$/);
});

test('without seconds it takes as long as the flag says', async () => {
  assert.equal((await cpuProfileAnswer(profiling(), request('thread=main'))).status, 200);
  assert.equal(durations.at(-1), 30_000);
});

for (const { peer, status } of [
  { peer: '127.0.0.1', status: 200 },
  { peer: '::1', status: 200 },
  { peer: '127.0.0.6', status: 403 },
  { peer: '10.0.0.7', status: 403 },
  { peer: '::ffff:10.0.0.7', status: 403 },
  { peer: 'fd00::7', status: 403 },
  { peer: undefined, status: 403 },
]) {
  test(`a client at ${peer ?? 'no address'}: ${status}`, async () => {
    for (const answer of [cpuProfileAnswer, heapSnapshotAnswer]) {
      const result = await answer(profiling(), request('thread=main', { peer }));
      assert.equal(result.status, status);
      if (status === 403) assert.match(bodyOf(result), /loopback: use kubectl port-forward/);
    }
  });
}

for (const { headers, status } of [
  { headers: { host: '127.0.0.1' }, status: 200 },
  { headers: { host: '[::1]:10254' }, status: 200 },
  { headers: { host: 'rebound.example:10254' }, status: 403 },
  { headers: { host: 'localhost.example' }, status: 403 },
  { headers: {}, status: 403 },
  { headers: { host: 'localhost', origin: 'http://localhost' }, status: 403 },
  { headers: { host: 'localhost', origin: 'null' }, status: 403 },
  { headers: { host: 'localhost', 'sec-fetch-site': 'same-origin' }, status: 403 },
]) {
  test(`a request with ${JSON.stringify(headers)}: ${status}`, async () => {
    const answer = await heapSnapshotAnswer(profiling(), request('thread=main', { headers }));
    assert.equal(answer.status, status);
  });
}

for (const { name, query, given, status, body } of [
  { name: 'not enabled', query: '', given: undefined, status: 403, body: /--enable-profiling/ },
  { name: 'no thread', query: '', given: profiling(), status: 400, body: /one of main/ },
  { name: 'unknown', query: 'thread=x', given: profiling(), status: 404, body: /are main/ },
]) {
  test(`${name}: ${status}`, async () => {
    for (const answer of [cpuProfileAnswer, heapSnapshotAnswer]) {
      const result = await answer(given, request(query));
      assert.equal(result.status, status);
      assert.match(bodyOf(result), body);
    }
  });
}

for (const seconds of ['0', '601', '-1', '1.5', '1e2', '', 'ten']) {
  test(`seconds=${seconds} is refused`, async () => {
    const result = await cpuProfileAnswer(profiling(), request(`thread=main&seconds=${seconds}`));
    assert.deepEqual(
      [result.status, bodyOf(result)],
      [400, 'seconds is a whole number from 1 to 600\n'],
    );
  });
}

test('a second one at the same time is a conflict', async () => {
  const both = profiling();
  const [first, second] = await Promise.all([
    cpuProfileAnswer(both, request('thread=main')),
    heapSnapshotAnswer(both, request('thread=main')),
  ]);
  assert.deepEqual([first.status, second.status], [200, 409]);
});

test('a heap snapshot that memory may not suffice for needs force=true', async () => {
  assert.equal((await heapSnapshotAnswer(profiling(1), request('thread=main'))).status, 507);
  const forced = await heapSnapshotAnswer(profiling(1), request('thread=main&force=true'));
  assert.equal(forced.status, 200);
});
