import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';
import { features } from './index.ts';
import { isUsualValue, unsupportedAnnotations } from './unsupported-annotations.ts';

const honoured = new Set(
  features.flatMap(({ annotations }) =>
    Object.entries(annotations).flatMap(([name, { aliases = [] }]) => [name, ...aliases]),
  ),
);

test('no annotation is both honoured and not', () => {
  assert.deepEqual(
    [...unsupportedAnnotations.keys()].filter((name) => honoured.has(name)),
    [],
  );
});

for (const [name, row] of unsupportedAnnotations) {
  test(`${name}: any value but the usual one has a finding, and what guards is closed`, () => {
    const { standing, findings } = applyAnnotations({ [name]: 'something' });
    assert.ok(findings.length > 0);
    const isShut = ['closes-paths', 'closes-host'].includes(row.effect) || row.risk === 'critical';
    assert.equal(standing !== 'served', isShut);
    if (row.usual === '') return;
    const usual = applyAnnotations({ [name]: row.usual });
    assert.deepEqual([usual.standing, usual.findings], ['served', []]);
  });
}

for (const [name, text, want] of [
  ['limit-rps', '0', true],
  ['limit-rps', '-5', true],
  ['limit-rps', '00', true],
  ['limit-rps', '1', false],
  ['limit-rps', 'none', false],
  ['enable-cors', 'F', true],
  ['enable-cors', 'no', false],
  ['satisfy', 'ALL', true],
  ['auth-type', '', false],
] as const) {
  test(`${name} ${JSON.stringify(text)} is ${want ? '' : 'not '}the usual value`, () => {
    const row = unsupportedAnnotations.get(name);
    assert.ok(row !== undefined);
    assert.equal(isUsualValue(row, text), want);
  });
}
