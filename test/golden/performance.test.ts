import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { currentPerformancePage, renderPerformancePage } from '../../bench/page.ts';
import { updated, type Results } from '../../bench/results.ts';
import { placesOf } from '../../bench/where-places.ts';

const docs = join(import.meta.dirname, '../../docs');
const read = (name: string): string => readFileSync(join(docs, name), 'utf8');

const same = (value: number) => ({ median: value, min: value / 2, max: value * 2 });

function figures(
  ratio: number,
  micros: number,
): NonNullable<Results['cells'][0]['peers']['nginx']> {
  return {
    ...{ ratio: same(ratio), cpuMicros: same(micros), requestsPerSecond: same(41_000) },
    busy: same(0.9),
  };
}

const sample: Results = {
  ...{ date: '2001-02-03', machine: '2 cores, a CPU', rounds: 7, seconds: 1 },
  versions: { nginx: 'nginx/1.2.3', 'ts-nginx': 'ts-nginx' },
  generators: ['wrk'],
  cells: [
    {
      ...{ cell: 'small', about: 'small answers' },
      peers: { nginx: figures(1, 20), 'ts-nginx': figures(0.75, 15) },
    },
    { cell: 'tls', about: 'TLS', peers: { nginx: figures(1, 40), haproxy: figures(0.5, 20) } },
  ],
  latencies: [],
  controlPlane: [],
};

test('docs/performance.md and its chart have the newest results', async (t) => {
  const current = await currentPerformancePage();
  if (current === undefined) {
    t.skip('there are no results yet');
    return;
  }
  assert.equal(read('performance.md'), current.page, '`npm run docs` writes it');
  assert.ok(existsSync(join(docs, 'performance/cost.svg')));
  assert.equal(read('performance/cost.svg'), current.chart, '`npm run docs` draws it');
});

test('results replace those that are between the marks, and nothing else', async () => {
  const before = read('performance.md');
  const once = await renderPerformancePage(before, sample);
  assert.match(
    once.page,
    /^\| `small` +\| small answers +\| 20.0 +\| \*\*0.75\*\* \(0.38–1.50\) +\| +\|$/m,
  );
  assert.match(once.page, /^\| `tls` +\| TLS +\| 40.0 +\| +\| 0.50 \(0.25–1.00\) +\|$/m);
  assert.deepEqual(await renderPerformancePage(once.page, sample), once);
  const outside = (page: string): string => page.replace(/begin, written[^]*results: end/, '');
  assert.equal(outside(once.page), outside(before));
});

test('the chart has a dot for each proxy of each cell, and one in the legend', async () => {
  const { chart } = await renderPerformancePage(read('performance.md'), sample);
  assert.equal([...chart.matchAll(/<circle/g)].length, 4);
});

test('what is measured again takes its place, if it was measured alike', () => {
  const again = { ...sample, cells: [{ cell: 'small', about: 'again', peers: {} }] };
  const { cells } = updated(sample, again, ['tls', 'small']);
  assert.deepEqual(
    cells.map(({ about }) => about),
    ['TLS', 'again'],
  );
  assert.throws(() => updated(sample, { ...again, rounds: 2 }, []), /rounds was 7, now 2/);
});

test('samples are whose the code is that ran', () => {
  const lines = [
    ['4', 'worker-0', '[kernel.kallsyms]', '[k] tcp_ack'],
    ['3', 'worker-0', 'node', '[.] ossl_fnv1a_hash'],
    ['2', 'worker-0', 'node', '[.] v8::internal::Invoke'],
    ['1', 'worker-0', 'node', '[.] node::StreamBase::Write'],
    ['1', 'worker-0', 'node', '[.] uv__io_poll'],
    ['1', 'worker-0', 'libc.so.6', '[.] malloc'],
    ['2', 'worker-0', '[JIT] tid 7', "[.] JS:*'emit node:events:489:44"],
    ['5', 'worker-0', '[JIT] tid 7', '[.] JS:*decide file:///src/dataplane/decide.ts:63:23'],
    ['1', 'node-V8Worker', 'node', '[.] v8::internal::Scavenger::Process'],
  ];
  const report = lines.map(([count = '', ...rest]) => [` ${count}  `, ...rest].join('\t'));
  const expected = {
    ...{ kernel: 0.2, OpenSSL: 0.15, V8: 0.1, 'Node C++': 0.05, libuv: 0.05, libc: 0.05 },
    ...{ 'Node JS': 0.1, 'our JS': 0.25, 'other threads': 0.05 },
  };
  const text = ['# Samples', '#', ...report, ''].join('\n');
  assert.deepEqual(Object.fromEntries(placesOf(text)), expected);
});
