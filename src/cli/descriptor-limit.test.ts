import assert from 'node:assert/strict';
import { test } from 'node:test';
import { descriptorLimit, parseDescriptorLimit } from './descriptor-limit.ts';

for (const { line, limit } of [
  {
    line: 'Max open files            1024                 524288               files',
    limit: 1024,
  },
  {
    line: 'Max open files            unlimited            unlimited            files',
    limit: undefined,
  },
  { line: '', limit: undefined },
]) {
  test(`descriptor limit: ${JSON.stringify(line)}`, () => {
    const text = `Limit   Soft Limit   Hard Limit   Units\nMax processes  7  7  processes\n${line}\n`;
    assert.equal(parseDescriptorLimit(text), limit);
  });
}

test('descriptor limit: this process has one, or none is told', () => {
  const limit = descriptorLimit();
  assert.ok(limit === undefined || limit > 100, String(limit));
});
