import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictOf } from './verdict.ts';

for (const { name, message, want } of [
  { name: 'a short one stays', message: 'It is wrong.', want: 'a: It is wrong.' },
  {
    name: 'a long one ends with a sentence where there is one',
    message: `${'w'.repeat(80)}. ${'x '.repeat(40)}`,
    want: `a: ${'w'.repeat(80)} …`,
  },
  {
    name: 'else with a word',
    message: 'word '.repeat(40),
    want: `a: ${'word '.repeat(23).trim()} …`,
  },
  { name: 'else wherever', message: 'w'.repeat(200), want: `a: ${'w'.repeat(115)} …` },
  {
    name: 'but never within a character',
    message: `${'w'.repeat(114)}${'😀'.repeat(10)}`,
    want: `a: ${'w'.repeat(114)} …`,
  },
]) {
  test(`warnings: ${name}`, () => {
    const field = 'metadata.annotations[example.com/a]';
    const { warnings } = verdictOf([], [{ field, message }]);
    assert.deepEqual(warnings, [want]);
    assert.ok((warnings[0]?.length ?? 0) <= 120);
  });
}

test('warnings that end up the same are said once', () => {
  const remark = { field: undefined, message: 'It is wrong.' };
  assert.deepEqual(verdictOf([], [remark, remark]).warnings, ['It is wrong.']);
});
