import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictOf } from './verdict.ts';

for (const { name, message, want } of [
  { name: 'a short one stays', message: 'It is wrong.', want: 'a: It is wrong.' },
  {
    name: 'a long one ends with a sentence where there is one',
    message: `${'w'.repeat(160)}. ${'x '.repeat(80)}`,
    want: `a: ${'w'.repeat(160)} …`,
  },
  {
    name: 'else with a word',
    message: 'word '.repeat(80),
    want: `a: ${'word '.repeat(50).trim()} …`,
  },
  { name: 'else wherever', message: 'w'.repeat(300), want: `a: ${'w'.repeat(251)} …` },
  {
    name: 'but never within a character',
    message: `${'w'.repeat(250)}${'😀'.repeat(10)}`,
    want: `a: ${'w'.repeat(250)} …`,
  },
]) {
  test(`warnings: ${name}`, () => {
    const field = 'metadata.annotations[example.com/a]';
    const { warnings } = verdictOf([], [{ field, message }]);
    assert.deepEqual(warnings, [want]);
    assert.ok((warnings[0]?.length ?? 0) <= 256);
  });
}

test('so many warnings as there may be stay below what the API server passes on whole', () => {
  const remarks = Array.from({ length: 40 }, (_, index) => ({
    field: `f${index}`,
    message: 'w'.repeat(500),
  }));
  const { warnings } = verdictOf([], remarks);
  assert.ok(warnings.join('').length <= 4_096);
});

test('warnings that end up the same are said once', () => {
  const remark = { field: undefined, message: 'It is wrong.' };
  assert.deepEqual(verdictOf([], [remark, remark]).warnings, ['It is wrong.']);
});
