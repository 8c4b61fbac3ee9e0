import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAuthority } from './authority.ts';

for (const { authority, host } of [
  { authority: 'app.test', host: 'app.test' },
  { authority: 'App.Test:80', host: 'app.test' },
  { authority: 'app.test.', host: 'app.test' },
  { authority: 'a_b~c.test', host: 'a_b~c.test' },
  { authority: '127.0.0.1:8080', host: '127.0.0.1' },
  { authority: '[::1]', host: '[::1]' },
  { authority: '[FE80::1]:443', host: '[fe80::1]' },
  { authority: '', host: undefined },
  { authority: 'app.test:', host: undefined },
  { authority: 'app.test:65536', host: undefined },
  { authority: 'app..test', host: undefined },
  { authority: '.test', host: undefined },
  { authority: 'user@app.test', host: undefined },
  { authority: 'app.test/', host: undefined },
  { authority: '[::1', host: undefined },
  { authority: '[1.2.3.4]', host: undefined },
  { authority: 'a'.repeat(254), host: undefined },
]) {
  test(`authority ${JSON.stringify(authority.slice(0, 40))}`, () => {
    assert.equal(parseAuthority(authority), host);
  });
}

const likely = fc.string({
  unit: fc.constantFrom(...Array.from('aA0.:[]-_~@/ ,%')),
  maxLength: 20,
});
const anyText = fc.oneof(likely, fc.string({ unit: 'binary', maxLength: 40 }));

test('any text is an authority that reads the same again, or none', () => {
  fc.assert(
    fc.property(anyText, (authority) => {
      const host = parseAuthority(authority);
      if (host === undefined) return;
      assert.match(host, /^(?:[0-9a-z_~.-]+|\[[0-9a-f:.]+\])$/);
      assert.equal(parseAuthority(host), host);
      assert.equal(parseAuthority(`${host}:80`), host);
      assert.ok(authority.toLowerCase().startsWith(host));
    }),
    { numRuns: 10_000 },
  );
});

test('a name without end takes no time (security.md 3.5)', () => {
  const begun = performance.now();
  for (const text of ['a.', 'a', '.', '[:']) {
    assert.equal(parseAuthority(`${text.repeat(500_000)}!`), undefined);
  }
  assert.ok(performance.now() - begun < 1_000);
});
