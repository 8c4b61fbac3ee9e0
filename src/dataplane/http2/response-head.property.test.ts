import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FieldKind, isHopByHop, isProtected } from '../fields.ts';
import { Refusal } from '../http1/refusal.ts';
import { HeaderBlock } from './header-block.ts';
import { readResponseHead, readTrailers } from './response-head.ts';

const MAX_FIELDS = 20;
const options = { numRuns: 10_000 };

/** Pieces of answers, valid and not, between which random text gets. */
const name = fc.oneof(
  fc.constantFrom(':status', ':path', ':', '', 'content-length', 'connection', 'upgrade', 'host'),
  fc.constantFrom('x-a', 'X-A', 'set-cookie', 'grpc-status', 'te', 'trailer', 'transfer-encoding'),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const value = fc.oneof(
  fc.constantFrom('200', '204', '101', '099', '', '5', '+5', ' a', 'a ', 'a\0', 'a\r\nb', 'ä'),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const fields = fc.array(fc.tuple(name, value), { maxLength: 24 });
const block = fc.oneof(
  fields,
  fields.map((rest): [string, string][] => [[':status', '200'], ...rest]),
);

function blockOf(pairs: readonly (readonly [string, string])[]): HeaderBlock {
  const made = new HeaderBlock();
  for (const [fieldName, fieldValue] of pairs) made.add(fieldName, fieldValue);
  return made;
}

test('a head is refused, or holds nothing that HTTP/1.1 would read as something else', () => {
  fc.assert(
    fc.property(block, fc.boolean(), fc.constantFrom('GET', 'HEAD'), (pairs, end, method) => {
      const head = readResponseHead(blockOf(pairs), end, method, MAX_FIELDS);
      if (head instanceof Refusal) {
        assert.equal(head.status, 502);
        return;
      }
      assert.ok(head.status >= 100 && head.status <= 599 && head.status !== 101);
      assert.ok(head.fields.length <= MAX_FIELDS);
      head.fields.names.forEach((fieldName, index) => {
        assert.match(fieldName, /^[!#$%&'*+\-.^_`|~0-9a-z]+$/);
        assert.match(head.fields.values[index] ?? '', /^[\t -~\x80-\xff]*$/);
        assert.ok(!isHopByHop(head.fields.kinds[index] ?? FieldKind.Connection));
      });
    }),
    options,
  );
});

test('trailers are refused, or hold nothing that must not come late', () => {
  fc.assert(
    fc.property(fields, (pairs) => {
      const trailers = readTrailers(blockOf(pairs), MAX_FIELDS);
      if (trailers instanceof Refusal) return;
      assert.ok(trailers.length <= MAX_FIELDS);
      assert.ok(trailers.kinds.every((kind) => !isProtected(kind)));
      assert.ok(trailers.names.every((fieldName) => !fieldName.startsWith(':')));
    }),
    options,
  );
});
