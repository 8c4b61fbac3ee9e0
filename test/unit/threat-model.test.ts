import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { limits } from '../../src/observability/limits.ts';
import { configMapKeys } from '../../src/translate/configmap/index.ts';

const PAGE = new URL('../../docs/threat-model.md', import.meta.url);

interface Row {
  readonly limit: string;
  readonly byDefault: string;
  readonly key: string | undefined;
  readonly meaning: string;
}

function readRows(): Row[] {
  const [, section = ''] = readFileSync(PAGE, 'utf8').split('\n## Limits\n');
  return [...section.matchAll(/^\| `([a-z0-9-]+)` +\| (.*?) +\| (.*?) +\| (.*?) +\|$/gm)].map(
    ([, limit = '', byDefault = '', key = '', meaning = '']) => ({
      limit,
      byDefault,
      key: /^`(.*)`$/.exec(key)?.[1],
      meaning,
    }),
  );
}

test('threat model: the table has every limit that is counted, and says of it what the metric says', () => {
  const told = readRows().map(({ limit, meaning }) => [limit, meaning]);
  assert.deepEqual(told, Object.entries(limits));
});

test('threat model: every ConfigMap key exists, and its default is the one that is told', () => {
  const keys: Readonly<Record<string, { readonly default: string }>> = configMapKeys;
  for (const { limit, key, byDefault } of readRows()) {
    if (key === undefined) continue;
    const spec = keys[key];
    assert.ok(spec !== undefined, `${limit}: no key ${key}`);
    assert.ok(byDefault.startsWith(`\`${spec.default}\``), `${limit}: ${key} is ${spec.default}`);
  }
});
