import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldKind, FieldList, fieldKindOf, isHopByHop, isProtected, knownKind } from './fields.ts';

for (const { name, kind } of [
  { name: 'Host', kind: FieldKind.Host },
  { name: 'host', kind: FieldKind.Host },
  { name: 'HOST', kind: FieldKind.Host },
  { name: 'hOsT', kind: FieldKind.Host },
  { name: 'Content-Length', kind: FieldKind.ContentLength },
  { name: 'CONTENT-LENGTH', kind: FieldKind.ContentLength },
  { name: 'transfer-encoding', kind: FieldKind.TransferEncoding },
  { name: 'te', kind: FieldKind.Te },
  { name: 'X-FORWARDED-FOR', kind: FieldKind.XForwardedFor },
  { name: 'X-Forwarded-Client-Cert', kind: FieldKind.XForwardedOther },
  { name: 'ssl-client-verify', kind: FieldKind.SslClient },
  { name: 'SSL-Client-Anything', kind: FieldKind.SslClient },
  { name: 'Sec-WebSocket-Key', kind: FieldKind.SecWebSocket },
  { name: 'sec-websocket-new', kind: FieldKind.SecWebSocket },
  { name: 'X-Accel-Limit-Rate', kind: FieldKind.XAccel },
  { name: 'x-pad', kind: FieldKind.XPad },
  { name: 'HTTP2-Settings', kind: FieldKind.Http2Settings },
  { name: 'Accept', kind: FieldKind.Other },
  { name: 'X-Custom', kind: FieldKind.Other },
  { name: 'Hosts', kind: FieldKind.Other },
  { name: '__proto__', kind: FieldKind.Other },
  { name: 'constructor', kind: FieldKind.Other },
  { name: 'hasOwnProperty', kind: FieldKind.Other },
  { name: '', kind: FieldKind.Other },
]) {
  test(`kind of the name "${name}"`, () => {
    assert.equal(fieldKindOf(name), kind);
  });
}

test('a name of the prototype chain is not a known name', () => {
  for (const name of Object.getOwnPropertyNames(Object.prototype)) {
    assert.equal(knownKind(name), undefined, name);
  }
});

test('hop-by-hop fields are protected ones too, and Other is neither', () => {
  for (const kind of Object.values(FieldKind)) {
    if (isHopByHop(kind)) assert.ok(isProtected(kind));
  }
  assert.equal(isHopByHop(FieldKind.Other) || isProtected(FieldKind.Other), false);
  assert.equal(isHopByHop(FieldKind.XRequestId), false);
  assert.equal(isProtected(FieldKind.UserAgent), false);
});

test('a list keeps order and repeats, and removes in place', () => {
  const list = new FieldList();
  for (const [name, value] of [
    ['A', '1'],
    ['Cookie', 'x=1'],
    ['B', '2'],
    ['cookie', 'y=2'],
    ['A', '3'],
  ] as const) {
    list.push(name, value);
  }
  assert.equal(list.get(FieldKind.Cookie), 'x=1');
  assert.equal(list.get(FieldKind.Host), undefined);
  list.remove((name) => name === 'A');
  assert.deepEqual(list.names, ['Cookie', 'B', 'cookie']);
  assert.deepEqual(list.values, ['x=1', '2', 'y=2']);
  assert.deepEqual(list.kinds, [FieldKind.Cookie, FieldKind.Other, FieldKind.Cookie]);
  assert.equal(list.length, 3);
});
