import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderBalancingCharts } from '../../docs/balancing-charts.ts';

const docs = join(import.meta.dirname, '../../docs');
const charts = renderBalancingCharts();

test('the charts of docs/balancing.md are drawn from what is measured now', () => {
  assert.deepEqual(readdirSync(join(docs, 'balancing')).toSorted(), [...charts.keys()].toSorted());
  for (const [name, chart] of charts) {
    const drawn = readFileSync(join(docs, 'balancing', name), 'utf8');
    assert.equal(drawn, chart, `${name}: \`npm run docs\` draws it`);
  }
});

test('docs/balancing.md shows every chart, and none that is not there', () => {
  const page = readFileSync(join(docs, 'balancing.md'), 'utf8');
  const shown = [...page.matchAll(/\(balancing\/([^)]+)\)/g)].map(([, name]) => name);
  assert.deepEqual(shown.toSorted(), [...charts.keys()].toSorted());
});
