import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldKind, FieldList } from './fields.ts';
import { grpcStatusOf, isGrpc } from './grpc-status.ts';

for (const [contentType, want] of [
  ['application/grpc', true],
  ['application/grpc+proto', true],
  ['Application/GRPC; charset=utf-8', true],
  ['application/grpc-web+proto', false],
  ['application/grpcx', false],
  ['text/html', false],
  ['', false],
] as const) {
  test(`content-type ${JSON.stringify(contentType)} is ${want ? '' : 'not '}gRPC`, () => {
    const fields = new FieldList();
    fields.push('content-type', contentType, FieldKind.ContentType);
    assert.equal(isGrpc(fields), want);
  });
}

test('a request without content-type is not gRPC', () => {
  assert.equal(isGrpc(new FieldList()), false);
});

test('gRPC statuses are those that libraries make of an HTTP status themselves', () => {
  const statuses = [400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504];
  assert.deepEqual(statuses.map(grpcStatusOf), [13, 16, 7, 12, 2, 2, 14, 2, 14, 14, 14]);
});
