import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';

for (const [given, want] of [
  ['HTTP', 'http'],
  ['https', 'https'],
  ['HttpS', 'https'],
  ['GRPC', 'grpc'],
  ['grpc', 'grpc'],
  [' Grpcs ', 'grpcs'],
  ['SPDY', 'http'],
] as const) {
  test(`backend-protocol: ${given} is ${want}`, () => {
    const { route } = applyAnnotations({ 'backend-protocol': given });
    assert.equal(route.protocol, want);
    assert.deepEqual(route.filters, []);
  });
}

for (const protocol of ['FCGI', 'auto_http']) {
  test(`backend-protocol: ${protocol} closes its paths, and not the implicit root`, () => {
    const { route, findings } = applyAnnotations({ 'backend-protocol': protocol });
    assert.deepEqual(route.filters, [{ kind: 'deny', status: 503 }]);
    assert.deepEqual(findings, ['backend-protocol-unsupported backend-protocol']);
    const root = applyAnnotations({ 'backend-protocol': protocol }, { kind: 'implicit-root' });
    assert.deepEqual(root.route.filters, []);
  });
}
