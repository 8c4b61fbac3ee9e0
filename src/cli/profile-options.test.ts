import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServeOptions } from './options.ts';
import { UsageError } from './parse-flags.ts';

test('without flags there are no profiles', () => {
  const { profiles } = parseServeOptions([]);
  assert.deepEqual(profiles, { onAdminPort: false, directory: undefined, seconds: 30 });
});

test('the flags of the Go profiler enable nothing', () => {
  const args = ['--profiling=true', '--profiler-port=10245', '--profiler-address=0.0.0.0'];
  assert.deepEqual(parseServeOptions(args).profiles, parseServeOptions([]).profiles);
});

test('the admin port, the folder and the time are set one by one', () => {
  const parse = (...args: string[]) => parseServeOptions(args).profiles;
  assert.equal(parse('--enable-profiling').onAdminPort, true);
  assert.equal(parse('--enable-profiling').directory, undefined);
  assert.equal(parse('--profile-directory=/profiles').onAdminPort, false);
  assert.equal(parse('--profile-directory=/profiles').directory, '/profiles');
  assert.equal(parse('--profile-seconds=600').seconds, 600);
  for (const seconds of ['0', '601', '30s']) {
    assert.throws(() => parse(`--profile-seconds=${seconds}`), UsageError);
  }
});
