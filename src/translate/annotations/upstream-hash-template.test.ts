import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashTemplate } from './upstream-hash-template.ts';

const { parse } = hashTemplate();

for (const { given, want } of [
  { given: '$host', want: [{ kind: 'host' }] },
  { given: '${Host}', want: [{ kind: 'host' }] },
  { given: 'a-b_c', want: [{ kind: 'text', text: 'a-b_c' }] },
  { given: '$uri$args', want: [{ kind: 'path' }, { kind: 'query' }] },
  { given: '${uri}x', want: [{ kind: 'path' }, { kind: 'text', text: 'x' }] },
  {
    given: '$scheme-$host',
    want: [{ kind: 'scheme' }, { kind: 'text', text: '-' }, { kind: 'host' }],
  },
  { given: '$http_X_User', want: [{ kind: 'field', name: 'x-user' }] },
  { given: '$arg_user_id', want: [{ kind: 'argument', name: 'user_id' }] },
  { given: '$cookie_a', want: [{ kind: 'cookie', name: 'a' }] },
  { given: '$urix', want: undefined },
  { given: '$http_', want: undefined },
  { given: '$', want: undefined },
  { given: '${', want: undefined },
  { given: '${host', want: undefined },
  { given: 'a}', want: undefined },
  { given: 'a b', want: undefined },
  { given: '$host;', want: undefined },
  { given: 'a'.repeat(1_025), want: undefined },
]) {
  test(`hash template ${given.slice(0, 20)}`, () => {
    assert.deepEqual(parse(given)?.parts, want);
  });
}

test('no text makes the parser throw, and what it takes is letters, digits and variables', () => {
  const text = fc.string({
    unit: fc.constantFrom('$', '{', '}', 'host', 'uri', 'a', '_', '-', ';', '\n'),
  });
  fc.assert(
    fc.property(text, (given) => {
      const parsed = parse(given);
      assert.ok(parsed === undefined || /^[A-Za-z0-9_${}-]*$/.test(given));
    }),
  );
});
