import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLabelSelector } from './label-selector.ts';

const labels = { team: 'a', stage: 'prod', 'example.com/empty': '' };

for (const [selector, want] of [
  ['team=a', true],
  ['team==a', true],
  ['team = b', false],
  ['team!=b', true],
  ['absent!=b', true],
  ['team=a,stage=prod', true],
  ['team=a,stage=test', false],
  ['stage in (test, prod)', true],
  ['stage in (test)', false],
  ['stage notin (test),team', true],
  ['absent notin (x)', true],
  ['absent', false],
  ['!absent', true],
  ['! team', false],
  ['example.com/empty=', true],
  ['example.com/empty in ()', true],
  ['toString', false],
] as const) {
  test(`${selector} selects: ${want}`, () => {
    assert.equal(parseLabelSelector(selector)?.(labels), want);
  });
}

for (const selector of [
  '',
  ',',
  'a b',
  'a=b=c',
  'a in b',
  'a in (b',
  'a>(1)',
  '-a',
  'a=b,',
  'a in (b c)',
]) {
  test(`${JSON.stringify(selector)} is no selector`, () => {
    assert.equal(parseLabelSelector(selector), undefined);
  });
}

test('an object without labels is selected by what asks for none', () => {
  assert.equal(parseLabelSelector('!a')?.(undefined), true);
  assert.equal(parseLabelSelector('a')?.(undefined), false);
});
