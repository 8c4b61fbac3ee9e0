import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderAnnotationsPage, renderConfigMapPage } from '../../docs/render-pages.ts';
import { findingEffects } from '../../src/model/finding.ts';

const docs = join(import.meta.dirname, '../../docs');
const pageOf = (name: string): string => readFileSync(join(docs, name), 'utf8');

test('docs/annotations.md says what the registry says', async () => {
  assert.equal(pageOf('annotations.md'), await renderAnnotationsPage(), '`npm run docs` prints it');
});

test('docs/configmap.md says what the registry says', async () => {
  assert.equal(pageOf('configmap.md'), await renderConfigMapPage(), '`npm run docs` prints it');
});

test('docs/findings.md has a section for each finding, and for none else', () => {
  const sections = [...pageOf('findings.md').matchAll(/^### `(.+)`\n\nEffect `(.+?)`/gm)];
  const written = sections.map(([, code, effect]) => [code, effect] as const);
  assert.deepEqual(Object.fromEntries(written), findingEffects);
  assert.equal(written.length, Object.keys(findingEffects).length, 'no section twice');
});
