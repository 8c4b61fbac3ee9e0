import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { features } from './annotations/index.ts';
import { configMapKeys } from './configmap/index.ts';
import {
  boolean,
  cidr,
  duration,
  integer,
  listOf,
  matching,
  seconds,
  size,
  type ValueParser,
} from './value-parsers.ts';

for (const [parser, text, want] of [
  [boolean(), 'T', true],
  [boolean(), '0', false],
  [boolean(), 'tRUE', undefined],
  [boolean(), 'yes', undefined],
  [integer(0, 9), '+7', 7],
  [integer(0, 9), '10', undefined],
  [integer(0), '0x10', undefined],
  [integer(0), '1e3', undefined],
  [integer(0), '99999999999999999999', undefined],
  [seconds(), '5', 5_000],
  [seconds(0), '0', 0],
  [duration(), '240s', 240_000],
  [duration(), '1h30m', 5_400_000],
  [duration(), '1m 500ms', 60_500],
  [duration(), '10', 10_000],
  [duration(), '10x', undefined],
  [duration(), 's', undefined],
  [size(), '4k', 4_096],
  [size(), '4K', 4_096],
  [size(), '4kb', undefined],
  [cidr(), '2001:DB8:0::1/64', '2001:db8::1/64'],
  [cidr(), '10.0.0.1/08', '10.0.0.1/8'],
  [cidr(), '0x7f.1', undefined],
  [cidr(), '1', undefined],
  [listOf(matching(/^[a-z]$/, 'a letter')), ' a,,b ,', ['a', 'b']],
  [listOf(matching(/^[a-z]$/, 'a letter')), 'a,B', undefined],
] as const) {
  test(`${JSON.stringify(text)} as ${parser.syntax} is ${JSON.stringify(want)}`, () => {
    assert.deepEqual((parser as ValueParser<unknown>).parse(text), want);
  });
}

test('no parser throws, whatever the text', () => {
  const annotations = features.flatMap(({ annotations: specs }) => Object.entries(specs));
  const parsers = [...annotations, ...Object.entries(configMapKeys)].map(
    ([name, { value }]) => [name, value as ValueParser<unknown>] as const,
  );
  const text = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({
      unit: fc.constantFrom(...Array.from('0123456789.:/,-+*$~ kmgs%@')),
      maxLength: 20,
    }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...parsers), text, ([, parser], given) => {
      parser.parse(given);
    }),
    { numRuns: 10_000 },
  );
});

test('every default of a ConfigMap key is of its own syntax', () => {
  for (const [name, { value, default: byDefault }] of Object.entries(configMapKeys)) {
    if (byDefault !== '') assert.notEqual(value.parse(byDefault), undefined, name);
  }
});
