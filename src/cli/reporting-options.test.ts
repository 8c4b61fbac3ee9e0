import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServeOptions } from './options.ts';
import { UsageError } from './parse-flags.ts';
import type { ReportingOptions } from './reporting-options.ts';

const parse = (...args: string[]): ReportingOptions => parseServeOptions(args).reporting;

test('without flags: a Lease of 30 s, addresses of nodes, cleared at the end', () => {
  assert.deepEqual(parse(), {
    election: { name: 'ts-nginx-leader', ttlMs: 30_000 },
    status: {
      published: { kind: 'nodes', prefersInternal: false },
      intervalMs: 60_000,
      clearOnShutdown: true,
    },
    syncEvents: true,
  });
});

for (const { args, published } of [
  { args: ['--publish-service=edge/lb'], published: { kind: 'service', service: 'edge/lb' } },
  {
    args: ['--publish-status-address=192.0.2.1, lb.example.com'],
    published: { kind: 'fixed', addresses: ['192.0.2.1', 'lb.example.com'] },
  },
  {
    args: ['--report-node-internal-ip-address'],
    published: { kind: 'nodes', prefersInternal: true },
  },
  { args: ['--publish-service='], published: { kind: 'nodes', prefersInternal: false } },
]) {
  test(`${args.join(' ')} says where addresses come from`, () => {
    const { status } = parse(...args);
    assert.deepEqual(status !== 'none' && status.published, published);
  });
}

test('each part can be turned off', () => {
  const { election, status, syncEvents } = parse(
    '--disable-leader-election',
    '--update-status=false',
    '--disable-sync-events',
  );
  assert.deepEqual([election, status, syncEvents], ['none', 'none', false]);
});

test('an interval that is too short counts as five seconds', () => {
  const { status } = parse('--status-update-interval=1', '--update-status-on-shutdown=false');
  assert.deepEqual(status !== 'none' && [status.intervalMs, status.clearOnShutdown], [
    5_000,
    false,
  ]);
});

for (const args of [
  ['--publish-service=a/b', '--publish-status-address=192.0.2.1'],
  ['--publish-service=name-alone'],
  ['--election-ttl=10ms'],
]) {
  test(`${args.join(' ')} is refused`, () => {
    assert.throws(() => parse(...args), UsageError);
  });
}
