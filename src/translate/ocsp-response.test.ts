import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { sampleKeyTypes } from '../../test/unit/sample-key-types.ts';
import { derElements } from './der.ts';
import { parseOcspResponse } from './ocsp-response.ts';

const { ecdsa, rsa } = sampleKeyTypes();
const good = Buffer.from(ecdsa.ocsp?.response ?? '', 'base64');
const leaf = new X509Certificate(ecdsa.chain);

test('a response is for one certificate, and holds until it says', () => {
  const parsed = parseOcspResponse(good, leaf);
  assert.deepEqual(parsed, ecdsa.ocsp);
  const other = parseOcspResponse(good, new X509Certificate(rsa.chain));
  assert.deepEqual(other, { problem: 'it is for another certificate' });
});

test('Base64 is taken, with PEM armour and without', () => {
  const text = good.toString('base64');
  for (const given of [
    text,
    `${text}\n`,
    `-----BEGIN OCSP RESPONSE-----\n${text}\n-----END OCSP RESPONSE-----\n`,
  ]) {
    assert.deepEqual(parseOcspResponse(Buffer.from(given), leaf), ecdsa.ocsp);
  }
});

test('an answer without a response says so', () => {
  const tryLater = Buffer.from('30030a0103', 'hex');
  assert.deepEqual(parseOcspResponse(tryLater, leaf), {
    problem: 'it says that the responder had no answer',
  });
});

test('a response that is cut off anywhere is none', () => {
  for (let length = 0; length < good.length; length++) {
    assert.ok('problem' in parseOcspResponse(good.subarray(0, length), leaf), String(length));
  }
});

test('bytes that are changed anywhere never make it throw', () => {
  for (let at = 0; at < good.length; at++) {
    for (const value of [0x00, 0x30, 0x7f, 0x80, 0x84, 0xff]) {
      const changed = Buffer.from(good);
      changed[at] = value;
      parseOcspResponse(changed, leaf);
    }
  }
});

test('nothing makes it throw, and elements of DER add up to what was given', () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from(each));
  fc.assert(
    fc.property(bytes, (given) => {
      parseOcspResponse(given, leaf);
      const elements = derElements(given);
      if (elements === undefined) return;
      assert.ok(Buffer.concat(elements.map(({ whole }) => whole)).equals(given));
    }),
  );
});
