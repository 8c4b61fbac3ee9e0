import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePerformancePage } from '../bench/page.ts';
import { renderBalancingCharts } from './balancing-charts.ts';
import { renderAnnotationsPage, renderConfigMapPage } from './render-pages.ts';

/** Writes the pages that are printed from the registries, and draws the charts: `npm run docs`. */
for (const [name, text] of [
  ['annotations.md', await renderAnnotationsPage()],
  ['configmap.md', await renderConfigMapPage()],
] as const) {
  writeFileSync(join(import.meta.dirname, name), text);
}
for (const [name, chart] of renderBalancingCharts()) {
  writeFileSync(join(import.meta.dirname, 'balancing', name), chart);
}
await writePerformancePage();
