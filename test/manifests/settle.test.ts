import assert from 'node:assert/strict';
import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { listFolder } from '../../src/source/manifests/list-folder.ts';
import { ManifestFiles } from '../../src/source/manifests/manifest-files.ts';
import { ingress, makeFolder } from './fixture.ts';

for (const { name, spoil } of [
  { name: 'gone', spoil: (path: string) => unlink(path) },
  { name: 'empty', spoil: (path: string) => writeFile(path, '') },
  { name: 'cut off', spoil: (path: string) => writeFile(path, 'kind: "Ingr') },
]) {
  test(`a file that is ${name} is looked at again before that is believed`, async (t) => {
    const folder = await makeFolder(t);
    const path = join(folder, 'a.yaml');
    const patient = new ManifestFiles({ maxFileBytes: 10_000, settleMs: Infinity });
    const impatient = new ManifestFiles({ maxFileBytes: 10_000, settleMs: 0 });
    const look = async (files: ManifestFiles): Promise<number> => {
      await files.update((await listFolder(folder)).files, new Set());
      return [...files.manifests()].flatMap(([, { objects }]) => objects).length;
    };
    await writeFile(path, ingress('a'));
    assert.deepEqual([await look(patient), await look(impatient)], [1, 1]);
    assert.equal(patient.unsettled, false);

    await spoil(path);
    assert.equal(await look(patient), 1);
    assert.equal(patient.unsettled, true);
    assert.deepEqual(patient.findings(), []);
    assert.equal(await look(impatient), name === 'cut off' ? 1 : 0);
    assert.equal(impatient.unsettled, false);
    assert.equal(impatient.findings().length, name === 'cut off' ? 1 : 0);

    await writeFile(path, `${ingress('a')}---\n${ingress('b')}`);
    assert.equal(await look(patient), 2);
    assert.equal(patient.unsettled, false);
  });
}
