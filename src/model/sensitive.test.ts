import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Sensitive } from './sensitive.ts';

const secret = new Sensitive('hunter2');

for (const { name, printed } of [
  { name: 'JSON', printed: JSON.stringify({ key: secret }) },
  { name: 'a template string', printed: String(secret) },
  {
    name: 'util.inspect, hidden parts too',
    printed: inspect({ key: secret }, { showHidden: true }),
  },
  { name: 'its own keys', printed: JSON.stringify(Object.entries(secret)) },
]) {
  test(`a sensitive value does not print through ${name}`, () => {
    assert.doesNotMatch(printed, /hunter2/);
  });
}

test('reveal gives the text', () => {
  assert.equal(secret.reveal(), 'hunter2');
});
