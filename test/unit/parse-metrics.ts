import assert from 'node:assert/strict';

export type Samples = Map<
  string,
  { readonly labels: Record<string, string>; readonly value: number }[]
>;

/** Reads the text exposition format the way a scraper does, and refuses what it would refuse. */
export function parseMetrics(text: string): Samples {
  const samples: Samples = new Map();
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    if (line.startsWith('# TYPE ')) {
      assert.ok(!seen.has(line), `family stated twice: ${line}`);
      seen.add(line);
      continue;
    }
    const [, name = '', inner = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    assert.notEqual(name, '', `not a sample: ${line}`);
    const pairs = [...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)/g)];
    assert.equal(pairs.map(([pair]) => pair).join(''), inner, `labels of ${line}`);
    const labels: Record<string, string> = {};
    for (const [, key = '', label = ''] of pairs) labels[key] = label;
    assert.ok(!seen.has(`${name}{${inner}}`), `sample stated twice: ${line}`);
    seen.add(`${name}{${inner}}`);
    samples.set(name, [...(samples.get(name) ?? []), { labels, value: Number(value) }]);
  }
  return samples;
}

/** Value of the one sample of this name that has these labels among its own. */
export function valueOf(
  samples: Samples,
  name: string,
  labels: Record<string, string> = {},
): number {
  const found = samples
    .get(name)
    ?.filter((sample) =>
      Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
    );
  assert.equal(found?.length, 1, `samples of ${name} with ${JSON.stringify(labels)}`);
  return found[0]?.value ?? Number.NaN;
}
