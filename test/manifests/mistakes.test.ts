import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { follow, ingress, makeFolder, pathOf } from './fixture.ts';

for (const { name, broken, field } of [
  {
    name: 'bad indentation',
    broken: `${ingress('b')}---\nkind: Ingress\n  a: 1\n`,
    field: /document 2, line 1[45]/,
  },
  { name: 'a custom tag', broken: 'kind: !Secret x\n', field: /document 1, line 1/ },
  { name: 'an unknown alias', broken: 'kind: *nobody\n', field: /document 1, line 1/ },
  { name: 'a key twice', broken: 'kind: A\nkind: B\n', field: /document 1, line 2/ },
  { name: 'bytes that are no UTF-8', broken: Buffer.from([0x61, 0xff, 0xfe]), field: undefined },
  { name: 'too many bytes', broken: `# ${'x'.repeat(100_000)}\n`, field: undefined },
  { name: 'deep nesting', broken: `a: ${'['.repeat(40_000)}`, field: /document 1, line 1/ },
  {
    name: 'aliases of aliases',
    broken: `a0: &a0 [1,1,1,1]\n${Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`).join('\n')}\n`,
    field: /document 1, line 1/,
  },
]) {
  test(`${name}: a finding with file and line, and the last good content serves on`, async (t) => {
    const folder = await makeFolder(t);
    const path = join(folder, 'a.yaml');
    await writeFile(path, ingress('a'));
    await writeFile(join(folder, 'other.yaml'), ingress('other'));
    const { until, ingress: get, findings } = follow(t, [folder]);
    await until(() => get('a') !== undefined);
    const before = get('a');
    await writeFile(path, broken);
    await until(() => findings().length > 0);
    const [finding] = findings();
    assert.equal(finding?.code, 'manifest-unreadable');
    assert.equal(finding.object, `File ${path}`);
    if (field === undefined) assert.equal(finding.field, undefined);
    else assert.match(finding.field ?? '', field);
    assert.match(finding.message, /what it said before is served on$/);
    assert.equal(get('a'), before);
    await writeFile(join(folder, 'other.yaml'), ingress('other', '/live'));
    await until(() => pathOf(get('other')) === '/live');
    await writeFile(path, ingress('a', '/repaired'));
    await until(() => pathOf(get('a')) === '/repaired' && findings().length === 0);
  });
}

test('a file that is broken from the start is told, and the others are served', async (t) => {
  const folder = await makeFolder(t);
  await writeFile(join(folder, 'a.yaml'), ingress('a'));
  await writeFile(join(folder, 'broken.json'), '{\n "kind": "Secret",\n oops "hunter2"\n}');
  const { until, ingress: get, source, findings } = follow(t, [folder]);
  await until(() => source.missing().length === 0);
  assert.ok(get('a'));
  assert.deepEqual(findings(), [
    {
      code: 'manifest-unreadable',
      object: `File ${join(folder, 'broken.json')}`,
      field: 'document 1, line 3',
      message: 'not valid JSON; nothing of it is served',
    },
  ]);
});

test('a file that is written in pieces never loses an object', async (t) => {
  const folder = await makeFolder(t);
  const path = join(folder, 'a.yaml');
  await writeFile(path, `${ingress('a')}---\n${ingress('b')}`);
  const { until, ingress: get, store, findings } = follow(t, [folder]);
  await until(() => get('b') !== undefined);
  let losses = 0;
  t.after(store.onChange({ quietMs: 0, maxMs: 0 }, () => (losses += get('a') ? 0 : 1)));
  const text = ingress('a', '/new');
  await writeFile(path, '');
  await appendFile(path, text.slice(0, 100));
  await appendFile(path, text.slice(100));
  await until(() => pathOf(get('a')) === '/new' && get('b') === undefined);
  assert.equal(losses, 0);
  assert.deepEqual(findings(), []);
});

test('of two files with the same object the first by name counts, and moves up when that goes', async (t) => {
  const folder = await makeFolder(t);
  await writeFile(join(folder, 'b.yaml'), ingress('x', '/from-b'));
  const { until, ingress: get, findings } = follow(t, [folder]);
  await until(() => pathOf(get('x')) === '/from-b');
  await writeFile(join(folder, 'a.yaml'), `# first\n---\n${ingress('x', '/from-a')}`);
  await until(() => pathOf(get('x')) === '/from-a');
  const [a, b] = [join(folder, 'a.yaml'), join(folder, 'b.yaml')];
  assert.deepEqual(findings(), [
    {
      code: 'manifest-duplicate',
      object: 'Ingress default/x',
      field: undefined,
      message: `${b}, document 1, line 1: is defined before in ${a}, document 1, line 2, and that counts; remove one of them`,
    },
  ]);
  await writeFile(a, '# nothing any more\n');
  await until(() => pathOf(get('x')) === '/from-b' && findings().length === 0);
});

test('a folder that is given first wins over a later one', async (t) => {
  const [first, second] = [await makeFolder(t), await makeFolder(t)];
  await writeFile(join(first, 'z.yaml'), ingress('x', '/first'));
  await writeFile(join(second, 'a.yaml'), ingress('x', '/second'));
  const { until, ingress: get, findings } = follow(t, [first, second]);
  await until(() => findings().length === 1);
  assert.equal(pathOf(get('x')), '/first');
});

test('an object that becomes invalid stays as it was; a new one that is invalid is left out', async (t) => {
  const folder = await makeFolder(t);
  const path = join(folder, 'a.yaml');
  await writeFile(path, ingress('a'));
  const { until, ingress: get, findings } = follow(t, [folder]);
  await until(() => get('a') !== undefined);
  const before = get('a');
  const wrong = (name: string): string => ingress(name).replace(`${name}.example.com`, '12');
  await writeFile(path, `${wrong('a')}---\n${wrong('b')}---\n${ingress('c')}`);
  await until(() => get('c') !== undefined);
  assert.equal(get('a'), before);
  assert.equal(get('b'), undefined);
  assert.deepEqual(findings(), [
    {
      code: 'object-invalid',
      object: 'Ingress default/a',
      field: 'spec.rules[0].host',
      message: `${path}, document 1, line 7: must be a string: put it in quotes; it is served as it was before`,
    },
    {
      code: 'object-invalid',
      object: 'Ingress default/b',
      field: 'spec.rules[0].host',
      message: `${path}, document 2, line 20: must be a string: put it in quotes; it is not served`,
    },
  ]);
});
