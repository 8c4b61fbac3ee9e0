import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';

for (const [given, want] of [
  ['512', 512],
  ['8k', 8_192],
  ['8M', 8_388_608],
  ['1g', 1_073_741_824],
  ['0', 'none'],
  ['', 1_048_576],
] as const) {
  test(`proxy-body-size: ${JSON.stringify(given)} is ${want}`, () => {
    const { route, findings } = applyAnnotations({ 'proxy-body-size': given });
    assert.equal(route.maxBodyBytes, want);
    assert.deepEqual(findings, []);
  });
}

for (const given of ['8mb', '-1', '1.5m', '8 m', 'unlimited', '1b', '9999999g', '8m;']) {
  test(`proxy-body-size: ${JSON.stringify(given)} leaves the default`, () => {
    const { route, findings } = applyAnnotations({ 'proxy-body-size': given });
    assert.equal(route.maxBodyBytes, 1_048_576);
    assert.deepEqual(findings, ['annotation-invalid proxy-body-size']);
  });
}
