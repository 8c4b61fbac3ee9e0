import fc from 'fast-check';
import type { FieldLines } from './frame-peer.ts';

/** Names of which a list may have one only, in nghttp2's and Node's eyes. */
const SINGLE = [
  'etag',
  'server',
  'content-type',
  'user-agent',
  'date',
  'last-modified',
  'authorization',
  'age',
];
const SEVERAL = [
  'accept',
  'cache-control',
  'vary',
  'link',
  'x-a',
  'x-b',
  'x-request-id',
  'accept-language',
];
const VALUES = [
  '',
  '0',
  'gzip, deflate',
  'text/html; charset=utf-8',
  'Wed, 07 Oct 2026 13:55:36 GMT',
  'x'.repeat(700),
];

const name = fc.oneof(
  fc.constantFrom(...SINGLE, ...SEVERAL),
  fc.stringMatching(/^x-[a-z0-9_.!#$%&'*+^`|~-]{1,20}$/),
);
/** All that a value may hold (RFC 9110 §5.5), each octet a character. */
const latin1 = fc
  .uint8Array({ maxLength: 80 })
  .map((octets) => [...octets].filter((octet) => octet >= 0x20 && octet !== 0x7f))
  .map((octets) =>
    Buffer.from(octets)
      .toString('latin1')
      .replace(/^ +| +$/g, ''),
  );
const value = fc.oneof(fc.constantFrom(...VALUES), fc.stringMatching(/^[0-9a-f]{1,40}$/), latin1);

/** Lists of ordinary fields with much that comes again. */
export const fieldList = fc
  .array(fc.tuple(name, value), { maxLength: 14 })
  .map((fields): FieldLines => {
    const seen = new Set<string>();
    return fields.filter(([name]) => !SINGLE.includes(name) || (!seen.has(name) && seen.add(name)));
  });
