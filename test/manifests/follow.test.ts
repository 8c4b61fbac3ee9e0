import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { follow, ingress, makeFolder, pathOf } from './fixture.ts';

test('what a folder and its subfolders hold is there, and complete', async (t) => {
  const folder = await makeFolder(t);
  await mkdir(join(folder, 'team/shop'), { recursive: true });
  await writeFile(join(folder, 'a.yaml'), `${ingress('a')}---\n${ingress('b')}`);
  await writeFile(join(folder, 'team/shop/c.yml'), ingress('c'));
  await writeFile(join(folder, 'notes.txt'), ingress('not-a-manifest'));
  await writeFile(join(folder, '.a.yaml.swp'), ingress('hidden'));
  const { until, source, store } = follow(t, [folder]);
  assert.deepEqual(source.missing(), [`folder ${folder}`]);
  await until(() => source.missing().length === 0);
  assert.deepEqual([...store.snapshot().ingresses.keys()].sort(), [
    'default/a',
    'default/b',
    'default/c',
  ]);
  assert.deepEqual(store.findings(), []);
});

test('an empty folder is complete too', async (t) => {
  const { until, source } = follow(t, [await makeFolder(t)]);
  await until(() => source.missing().length === 0);
});

test('a folder that is made later is followed from then on', async (t) => {
  const folder = join(await makeFolder(t), 'later');
  const { until, ingress: get, source, findings } = follow(t, [folder]);
  await until(() => findings()[0]?.code === 'manifest-unreadable');
  assert.equal(findings()[0]?.object, `Folder ${folder}`);
  assert.deepEqual(source.missing(), [`folder ${folder}`]);
  await mkdir(folder);
  await writeFile(join(folder, 'a.yaml'), ingress('a'));
  await until(() => get('a') !== undefined);
  await until(() => source.missing().length === 0 && findings().length === 0);
});

test('a changed file is live within 100 ms, and what did not change keeps its identity', async (t) => {
  const folder = await makeFolder(t);
  await writeFile(join(folder, 'a.yaml'), `${ingress('a')}---\n${ingress('b')}`);
  await writeFile(join(folder, 'c.yaml'), ingress('c'));
  const { until, ingress: get } = follow(t, [folder]);
  await until(() => get('c') !== undefined);
  const [b, c] = [get('b'), get('c')];
  const tookMs: number[] = [];
  for (let round = 1; round <= 9; round += 1) {
    const startedAt = performance.now();
    await writeFile(join(folder, 'a.yaml'), `${ingress('a', `/v${round}`)}---\n${ingress('b')}`);
    await until(() => pathOf(get('a')) === `/v${round}`);
    tookMs.push(performance.now() - startedAt);
  }
  assert.equal(get('b'), b);
  assert.equal(get('c'), c);
  const medianMs = tookMs.sort((x, y) => x - y)[4] ?? Infinity;
  assert.ok(medianMs < 100, `took ${medianMs} ms`);
});

test('a new file, in a new folder too, is live', async (t) => {
  const { folder, until, ingress: get, source } = follow(t, [await makeFolder(t)]);
  await until(() => source.missing().length === 0);
  await writeFile(join(folder, 'a.yaml'), ingress('a'));
  await until(() => get('a') !== undefined);
  await mkdir(join(folder, 'new/deep'), { recursive: true });
  await writeFile(join(folder, 'new/deep/b.yaml'), ingress('b'));
  await until(() => get('b') !== undefined);
  await writeFile(join(folder, 'new/deep/b.yaml'), ingress('b', '/changed'));
  await until(() => pathOf(get('b')) === '/changed');
});

test('what a removed file or folder held is gone', async (t) => {
  const folder = await makeFolder(t);
  await mkdir(join(folder, 'sub'));
  await writeFile(join(folder, 'a.yaml'), ingress('a'));
  await writeFile(join(folder, 'sub/b.yaml'), ingress('b'));
  await writeFile(join(folder, 'sub/c.yaml'), ingress('c'));
  const { until, ingress: get } = follow(t, [folder]);
  await until(() => get('a') !== undefined);
  await unlink(join(folder, 'a.yaml'));
  await until(() => get('a') === undefined);
  assert.ok(get('b'));
  await rm(join(folder, 'sub'), { recursive: true });
  await until(() => get('b') === undefined && get('c') === undefined);
});

test('an editor that renames a new file over the old one never leaves a gap', async (t) => {
  const folder = await makeFolder(t);
  await writeFile(join(folder, 'a.yaml'), ingress('a'));
  const { until, ingress: get, store } = follow(t, [folder]);
  await until(() => get('a') !== undefined);
  let gaps = 0;
  t.after(store.onChange({ quietMs: 0, maxMs: 0 }, () => (gaps += get('a') === undefined ? 1 : 0)));
  for (const path of ['/one', '/two', '/three']) {
    await writeFile(join(folder, '.a.yaml.tmp'), ingress('a', path));
    await rename(join(folder, '.a.yaml.tmp'), join(folder, 'a.yaml'));
    await until(() => pathOf(get('a')) === path);
  }
  // vim's other way: the old file is moved aside first, and a new one written in its place.
  await rename(join(folder, 'a.yaml'), join(folder, 'a.yaml~'));
  await writeFile(join(folder, 'a.yaml'), '');
  await writeFile(join(folder, 'a.yaml'), ingress('a', '/four'));
  await until(() => pathOf(get('a')) === '/four');
  assert.equal(gaps, 0);
});

test('a mounted ConfigMap is followed when kubelet swaps its data folder', async (t) => {
  const folder = await makeFolder(t);
  const publish = async (version: string, path: string): Promise<void> => {
    await mkdir(join(folder, `..${version}`));
    await writeFile(join(folder, `..${version}`, 'a.yaml'), ingress('a', path));
    await symlink(`..${version}`, join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  await publish('2026_01', '/old');
  await symlink('..data/a.yaml', join(folder, 'a.yaml'));
  const { until, ingress: get, store } = follow(t, [folder]);
  await until(() => pathOf(get('a')) === '/old');
  await publish('2026_02', '/new');
  await rm(join(folder, '..2026_01'), { recursive: true });
  await until(() => pathOf(get('a')) === '/new');
  assert.equal(store.snapshot().ingresses.size, 1);
});

test('a folder that is itself a link is followed when the link is swapped', async (t) => {
  const parent = await makeFolder(t);
  for (const version of ['one', 'two']) {
    await mkdir(join(parent, version));
    await writeFile(join(parent, version, 'a.yaml'), ingress('a', `/${version}`));
  }
  const folder = join(parent, 'current');
  await symlink('one', folder);
  const { until, ingress: get } = follow(t, [folder]);
  await until(() => pathOf(get('a')) === '/one');
  await symlink('two', join(parent, 'next'));
  await rename(join(parent, 'next'), folder);
  await until(() => pathOf(get('a')) === '/two');
  await writeFile(join(parent, 'two/a.yaml'), ingress('a', '/three'));
  await until(() => pathOf(get('a')) === '/three');
});

test('what no event tells, the rescan finds', async (t) => {
  const parent = await makeFolder(t);
  for (const version of ['one', 'two']) {
    await mkdir(join(parent, version, 'manifests'), { recursive: true });
    await writeFile(join(parent, version, 'manifests/a.yaml'), ingress('a', `/${version}`));
  }
  await symlink('one', join(parent, 'current'));
  const { until, ingress: get } = follow(t, [join(parent, 'current/manifests')], { rescanMs: 50 });
  await until(() => pathOf(get('a')) === '/one');
  await symlink('two', join(parent, 'next'));
  await rename(join(parent, 'next'), join(parent, 'current')); // a folder further up than is watched
  await until(() => pathOf(get('a')) === '/two');
});

test('a folder that goes away leaves what it held, and is told', async (t) => {
  const folder = join(await makeFolder(t), 'mount');
  await mkdir(folder);
  await writeFile(join(folder, 'a.yaml'), ingress('a'));
  const { until, ingress: get, findings } = follow(t, [folder]);
  await until(() => get('a') !== undefined);
  await rename(folder, `${folder}.away`);
  await until(() => findings().length === 1);
  assert.equal(findings()[0]?.object, `Folder ${folder}`);
  assert.match(findings()[0]?.message ?? '', /ENOENT.*what it held before is served on/);
  assert.ok(get('a'));
  await rename(`${folder}.away`, folder);
  await until(() => findings().length === 0);
});

test('nothing is written after stop()', async (t) => {
  const { folder, until, ingress: get, source } = follow(t, [await makeFolder(t)]);
  await until(() => source.missing().length === 0);
  await source.stop();
  await writeFile(join(folder, 'a.yaml'), ingress('a'));
  const later = follow(t, [folder]);
  await later.until(() => later.ingress('a') !== undefined);
  assert.equal(get('a'), undefined);
});
