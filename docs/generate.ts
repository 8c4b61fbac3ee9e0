import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderAnnotationsPage, renderConfigMapPage } from './render-pages.ts';

/** Writes the pages that are printed from the registries: `npm run docs`. */
for (const [name, text] of [
  ['annotations.md', await renderAnnotationsPage()],
  ['configmap.md', await renderConfigMapPage()],
] as const) {
  writeFileSync(join(import.meta.dirname, name), text);
}
