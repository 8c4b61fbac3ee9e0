import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveFlags } from './flags.ts';
import { parseDuration, parseFlags, UsageError } from './parse-flags.ts';

const parse = (...args: string[]): Record<string, readonly string[]> =>
  Object.fromEntries(parseFlags(args, serveFlags));

for (const { name, args, want } of [
  { name: 'a value after =', args: ['--http-port=81'], want: { 'http-port': ['81'] } },
  { name: 'a value as the next word', args: ['--http-port', '81'], want: { 'http-port': ['81'] } },
  {
    name: 'a value with = in it',
    args: ['--watch-namespace-selector=a=b'],
    want: { 'watch-namespace-selector': ['a=b'] },
  },
  {
    name: 'a bare boolean',
    args: ['--disable-catch-all'],
    want: { 'disable-catch-all': ['true'] },
  },
  {
    name: 'a boolean set to false',
    args: ['--update-status=false'],
    want: { 'update-status': ['false'] },
  },
  {
    name: 'a boolean does not take the next word',
    args: ['--enable-metrics', '--v=2'],
    want: { 'enable-metrics': ['true'], v: ['2'] },
  },
  { name: 'repeated flags in order', args: ['--v=1', '--v=3'], want: { v: ['1', '3'] } },
  { name: '-v as klog takes it', args: ['-v=2'], want: { v: ['2'] } },
  { name: '-v with a word', args: ['-v', '2'], want: { v: ['2'] } },
]) {
  test(`flags: ${name}`, () => {
    assert.deepEqual(parse(...args), want);
  });
}

for (const { name, args, message } of [
  { name: 'an unknown flag', args: ['--htp-port=81'], message: /unknown flag "--htp-port"/ },
  { name: 'part of a name', args: ['--http'], message: /perhaps --http-port/ },
  { name: 'a missing value', args: ['--http-port'], message: /--http-port needs a value/ },
  {
    name: 'a boolean that is neither',
    args: ['--update-status=maybe'],
    message: /--update-status is true or false/,
  },
  { name: 'a stray word', args: ['true'], message: /unexpected argument "true"/ },
  { name: 'a prototype name', args: ['--constructor=1'], message: /unknown flag/ },
]) {
  test(`flags: ${name} is refused in one line`, () => {
    assert.throws(
      () => parse(...args),
      (error) =>
        error instanceof UsageError && message.test(error.message) && !error.message.includes('\n'),
    );
  });
}

for (const [text, wantMs] of [
  ['0', 0],
  ['30s', 30_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['250ms', 250],
  ['10', undefined],
  ['s', undefined],
  ['-1s', undefined],
  ['', undefined],
] as const) {
  test(`duration ${JSON.stringify(text)}`, () => {
    assert.equal(parseDuration(text), wantMs);
  });
}
