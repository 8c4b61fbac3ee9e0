import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBefore } from './read-pages.ts';

for (const { version, last, want } of [
  { version: '9', last: '10', want: true },
  { version: '99999999999999999998', last: '99999999999999999999', want: true },
  { version: '10', last: '10', want: false },
  { version: '10', last: '9', want: false },
  { version: '10', last: undefined, want: false },
  { version: 'r9', last: 'r10', want: false },
  { version: '09', last: '10', want: false },
]) {
  test(`version ${version} ${want ? 'is' : 'is not'} before ${String(last)}`, () => {
    assert.equal(isBefore(version, last), want);
  });
}
