import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodePath, normaliseTarget } from './normalise-path.ts';

for (const [target, path, query] of [
  ['/', '/', ''],
  ['/foo/bar', '/foo/bar', ''],
  ['/foo/', '/foo/', ''],
  ['/foo?a=/../b%zz', '/foo', '?a=/../b%zz'],
  ['/?', '/', '?'],
  ['//foo///bar', '/foo/bar', ''],
  ['//', '/', ''],
  ['/a/./b', '/a/b', ''],
  ['/a/.', '/a/', ''],
  ['/a/b/..', '/a/', ''],
  ['/a/b/../c', '/a/c', ''],
  ['/a//../b', '/b', ''],
  ['/a/..', '/', ''],
  ['/a/../', '/', ''],
  ['/.well-known/acme', '/.well-known/acme', ''],
  ['/a/..b/...', '/a/..b/...', ''],
  ['/a.b/c..', '/a.b/c..', ''],
  ['/%66oo%2fbar', '/foo/bar', ''],
  ['/a/%2e%2E/b?q', '/b', '?q'],
  ['/a%2f%2Fb', '/a/b', ''],
  ['/a%3Fb?c', '/a?b', '?c'],
  ['/%2541', '/%41', ''],
  ['/%252e%252e/x', '/%2e%2e/x', ''],
  ['/a%0Ab', '/a\nb', ''],
  ['/caf%C3%A9', '/café', ''],
  ['/caf\xc3\xa9', '/café', ''],
  ['/%F0%9F%9A%80', '/🚀', ''],
  ['/caf%E9', '/caf\udce9', ''],
  ['/%C3%A9%E9', '/é\udce9', ''],
  ['/caf%C3%A9/%ff', '/café/\udcff', ''],
  ['/%ffcaf%C3%A9', '/\udcffcafé', ''],
  // No UTF-8: cut short, a surrogate, an overlong form, beyond U+10FFFF.
  ['/%C3x', '/\udcc3x', ''],
  ['/%F0%9F%9A/%C3%A9', '/\udcf0\udc9f\udc9a/é', ''],
  ['/%ED%B3%BF', '/\udced\udcb3\udcbf', ''],
  ['/%C0%AF', '/\udcc0\udcaf', ''],
  ['/%F4%90%80%80', '/\udcf4\udc90\udc80\udc80', ''],
  // A replacement character that was sent, and a byte that would have become one.
  ['/%EF%BF%BD%FF', '/\ufffd\udcff', ''],
  ['/%EF%BB%BFa', '/\ufeffa', ''],
  ['*', '*', ''],
] as const) {
  test(`${target} is ${JSON.stringify(path)}`, () => {
    assert.deepEqual(normaliseTarget(target), { path, query });
  });
}

for (const target of [
  '/..',
  '/../a',
  '/a/../..',
  '/a/../../b',
  '/%2e%2e/a',
  '/..%2fa',
  '//..',
  '/a%00b',
  '/a%',
  '/a%4',
  '/a%4?b',
  '/a%4g',
  '/%-1',
  '/% 1',
  '',
  'foo',
  '*/',
  '?a',
  'http://a/b',
]) {
  test(`${JSON.stringify(target)} is refused`, () => {
    assert.equal(normaliseTarget(target), undefined);
  });
}

/** Targets thick with what matters. */
const target = fc
  .array(
    fc.constantFrom('/', '.', '..', '%2f', '%2E', '%25', '%', '%c3', '%a9', '?', 'a', 'é', '\xff'),
  )
  .map((pieces) => `/${pieces.join('')}`);

test('no target makes it throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void normaliseTarget(text)));
  fc.assert(
    fc.property(target, (text) => void normaliseTarget(text)),
    { numRuns: 10_000 },
  );
});

test('a result is absolute, without empty or dot segments, and its own normal form', () => {
  const property = fc.property(target, (text) => {
    const normal = normaliseTarget(text);
    if (normal === undefined) return;
    assert.match(normal.path, /^\//);
    assert.doesNotMatch(normal.path, /\/\/|\/\.\.?(\/|$)/);
    // What is sent on again means the same.
    assert.equal(normaliseTarget(encodePath(normal.path))?.path, normal.path);
    const isPlain = /^[^%?\x80-\uffff]*$/.test(normal.path);
    if (isPlain) assert.equal(normaliseTarget(normal.path)?.path, normal.path);
  });
  fc.assert(property, { numRuns: 10_000 });
});

test('two targets have one path only if their bytes are equal when decoded', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 4 }).filter((list) => !list.includes(0));
  const escaped = (list: Uint8Array) =>
    `/x${Buffer.from(list).toString('hex').replace(/../g, '%$&')}`;
  const property = fc.property(bytes, bytes, (a, b) => {
    fc.pre(!Buffer.from(a).includes('/') && !Buffer.from(b).includes('/'));
    const sameBytes = Buffer.from(a).equals(b);
    assert.equal(
      normaliseTarget(escaped(a))?.path === normaliseTarget(escaped(b))?.path,
      sameBytes,
    );
  });
  fc.assert(property, { numRuns: 10_000 });
});

/** Bytes thick with the beginnings, middles and ends of UTF-8 sequences, good and bad. */
const pathBytes = fc
  .array(
    fc.oneof(
      fc.constantFrom('2f2f', 'c3a9', 'f09f9a80', 'efbfbd', 'efbbbf', 'edb3bf', 'c0af', 'f4908080'),
      fc.constantFrom('61', 'c3', 'a9', 'ed', 'b3', 'bf', 'ef', 'bd', 'f0', '9f', 'f4', '80', 'ff'),
      fc.integer({ min: 0x80, max: 0xff }).map((byte) => byte.toString(16)),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => Buffer.from(pieces.join('').replaceAll('2f', ''), 'hex'));
const targetOf = (bytes: Buffer) => `/${bytes.toString('hex').replace(/../g, '%$&')}`;

test('a path goes out with the bytes it came with', () => {
  const property = fc.property(pathBytes, (bytes) => {
    const path = normaliseTarget(targetOf(bytes))?.path ?? '';
    const encoded = encodePath(path).replace(/%(..)/g, (_, hex: string) =>
      String.fromCharCode(parseInt(hex, 16)),
    );
    assert.deepEqual(Buffer.from(encoded.slice(1), 'latin1'), bytes);
  });
  fc.assert(property, { numRuns: 10_000 });
});

test('no bytes around it change what a text is read as', () => {
  const property = fc.property(pathBytes, pathBytes, (before, after) => {
    const path = normaliseTarget(`${targetOf(before)}/caf%C3%A9/x${targetOf(after)}`)?.path ?? '';
    assert.ok(path.includes('/café/x'), path);
    assert.ok(path.isWellFormed() === (isUtf8(before) && isUtf8(after)));
  });
  fc.assert(property, { numRuns: 10_000 });
});

for (const [path, encoded] of [
  ['/foo/bar.html', '/foo/bar.html'],
  ["/a-._~!$&'()*+,;=:@", "/a-._~!$&'()*+,;=:@"],
  ['/a b', '/a%20b'],
  ['/a?b#c', '/a%3Fb%23c'],
  ['/100%', '/100%25'],
  ['/a\r\nSet-Cookie: x', '/a%0D%0ASet-Cookie:%20x'],
  ['/\\evil', '/%5Cevil'],
  ['/café🚀', '/caf%C3%A9%F0%9F%9A%80'],
  ['/caf\udce9', '/caf%E9'],
  ['/\ud800', '/%EF%BF%BD'],
] as const) {
  test(`${JSON.stringify(path)} goes out as ${encoded}`, () => {
    assert.equal(encodePath(path), encoded);
  });
}
