import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { follow, ingress, makeFolder } from './fixture.ts';

const good = `apiVersion: v1
kind: ConfigMap
metadata: { name: cm, namespace: d }
data: { whitelist-source-range: 10.0.0.0/8 }
`;
const configMap = 'd/cm';

for (const { name, text, reason } of [
  {
    name: 'a value of another type',
    text: good.replace('10.0.0.0/8', '[10.0.0.0/8]'),
    reason: /^ConfigMap d\/cm can't be read: .*a\.yaml, document 1, line 4: must be a string$/,
  },
  {
    name: 'a broken label, so that its name is not known',
    text: good.replace('name: cm', 'name: cm, labels: { a: true }'),
    reason: /^ConfigMap d\/cm can't be read: .*a\.yaml, document 1, line 3: must be a string/,
  },
  {
    name: 'no apiVersion, so that it may be anything',
    text: good.replace('apiVersion: v1\n', ''),
    reason: /^ConfigMap d\/cm can't be read: .*a\.yaml, document 1, line 1: is missing$/,
  },
  {
    name: 'a file that is no YAML',
    text: `${good}---\nkind: {\n`,
    reason: /^ConfigMap d\/cm can't be read: .*a\.yaml, document 2, line \d+: not valid YAML/,
  },
]) {
  test(`${name}: nothing is complete before the named ConfigMap is mended`, async (t) => {
    const folder = await makeFolder(t);
    await writeFile(join(folder, 'a.yaml'), text);
    await writeFile(join(folder, 'b.yaml'), ingress('b'));
    const { until, ingress: get, source, store } = follow(t, [folder], { configMap });
    await until(() => get('b') !== undefined);
    assert.equal(source.missing().length, 1);
    assert.match(source.missing()[0] ?? '', reason);

    await writeFile(join(folder, 'a.yaml'), good);
    await until(() => source.missing().length === 0);
    assert.ok(store.get('configmaps', configMap) !== undefined);

    await writeFile(join(folder, 'a.yaml'), text);
    await until(() => store.findings().length > 0);
    assert.deepEqual(source.missing(), []);
  });
}

test('a named ConfigMap that does not exist holds up nothing, nor does another that is broken', async (t) => {
  const folder = await makeFolder(t);
  const other = good.replace('name: cm', 'name: other').replace('10.0.0.0/8', '[]');
  await writeFile(join(folder, 'a.yaml'), other);
  await writeFile(join(folder, 'b.yaml'), ingress('b'));
  const { until, source, store } = follow(t, [folder], { configMap });
  await until(() => source.missing().length === 0);
  assert.equal(store.findings().length, 1);
});

test('a named ConfigMap that is there does not care what else is broken', async (t) => {
  const folder = await makeFolder(t);
  await writeFile(join(folder, 'a.yaml'), 'kind: {');
  await writeFile(join(folder, 'b.yaml'), good);
  const { until, source, store } = follow(t, [folder], { configMap });
  await until(() => source.missing().length === 0);
  assert.ok(store.get('configmaps', configMap) !== undefined);
});
