import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isHopByHop } from '../fields.ts';
import { Refusal } from '../http1/refusal.ts';
import type { HeadLimits } from '../http1/request-head.ts';
import { HeaderBlock } from './header-block.ts';
import { Malformed } from './malformed.ts';
import { parseRequestHead, parseTrailers } from './request-head.ts';

const LIMITS: HeadLimits = {
  requestLineBytes: 8_192,
  fieldLineBytes: 8_192,
  headBytes: 32_768,
  maxFields: 100,
  allowUnderscores: false,
  keptNames: new Set(),
};

const PSEUDO = [':method', ':scheme', ':path', ':authority', ':protocol', ':status'];
const NAMES = ['host', 'te', 'cookie', 'content-length', 'connection', 'expect', 'x-own', 'X-Own'];
const VALUES = ['GET', 'CONNECT', 'https', '/', '*', 'app.test', '0', '5', 'trailers', 'websocket'];

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const anyText = fc.string({ unit: byte, maxLength: 12 });
const name = fc.oneof(fc.constantFrom(...PSEUDO), fc.constantFrom(...NAMES), anyText);
const value = fc.oneof(fc.constantFrom(...VALUES), anyText);
const pair = fc.tuple(name, value);
/** Mostly a sound beginning, so that what follows is looked at. */
const begun = fc
  .array(pair, { maxLength: 8 })
  .map((rest): [string, string][] => [
    [':method', 'POST'],
    [':scheme', 'https'],
    [':path', '/'],
    [':authority', 'app.test'],
    ...rest,
  ]);

function blockOf(fields: readonly (readonly [string, string])[]): HeaderBlock {
  const block = new HeaderBlock();
  for (const [own, text] of fields) block.add(own, text);
  return block;
}

const CONTROL = /[\0\r\n]/;

test('whatever a block holds, what is taken of it is sound', () => {
  fc.assert(
    fc.property(fc.oneof(begun, fc.array(pair)), fc.boolean(), (fields, endStream) => {
      const head = parseRequestHead(blockOf(fields), endStream, LIMITS);
      if (head instanceof Refusal || head instanceof Malformed) return;
      assert.match(head.method, /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/);
      assert.match(head.target, /^(?:\/[!-~]*|\*)$/);
      assert.match(head.host, /^[a-z0-9._~[\]:-]+$/);
      for (const [index, own] of head.fields.names.entries()) {
        assert.match(own, /^[0-9a-z-]+$/);
        assert.ok(!CONTROL.test(head.fields.values[index] ?? ''));
        assert.ok(!isHopByHop(head.fields.kinds[index] ?? 0));
      }
    }),
    { numRuns: 10_000 },
  );
});

test('the same for trailers', () => {
  fc.assert(
    fc.property(fc.array(pair), (fields) => {
      const trailers = parseTrailers(blockOf(fields), LIMITS);
      if (trailers instanceof Refusal || trailers instanceof Malformed) return;
      for (const [index, own] of trailers.names.entries()) {
        assert.match(own, /^[0-9a-z-]+$/);
        assert.ok(!CONTROL.test(trailers.values[index] ?? ''));
        assert.notEqual(own, 'host');
      }
    }),
    { numRuns: 10_000 },
  );
});
