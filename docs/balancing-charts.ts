import {
  balancerNames,
  moves,
  spread,
  withSlowEndpoint,
  type BalancerName,
} from '../test/balancing/simulate.ts';

/** Without load nothing tells them apart. */
const LIKE_LC: ReadonlySet<BalancerName> = new Set(['wlc', 'sed', 'nq']);

/** Charts of docs/balancing.md by file name, drawn from what test/balancing/ measures. */
export function renderBalancingCharts(): ReadonlyMap<string, string> {
  const charts = new Map<string, string>();
  for (const name of balancerNames) {
    if (LIKE_LC.has(name)) continue;
    charts.set(`${fileName(name)}.svg`, spreadChart(name));
  }
  charts.set('slow-endpoint.svg', slowChart());
  charts.set('moves.svg', movesChart());
  return charts;
}

function fileName(name: BalancerName): string {
  return name.replaceAll(/[ _]/g, '-');
}

/** Greys and blues that can be read on white and on black. */
const TEXT = '#7d8590';
const BAR = '#3b82f6';
const LINE = '#b0b7bf';
const FONT = 'font-family="system-ui, sans-serif" font-size="12"';

function svg(title: string, width: number, height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" ${FONT}>`,
    `  <title>${title}</title>`,
    ...parts.map((part) => `  ${part}`),
    '</svg>',
    '',
  ].join('\n');
}

function text(x: number, y: number, content: string): string {
  return `<text x="${x}" y="${y}" fill="${TEXT}">${content}</text>`;
}

function bar(x: number, y: number, width: number, height: number): string {
  const [left, top, wide, high] = [x, y, width, height].map((each) => each.toFixed(1));
  return `<rect x="${left}" y="${top}" width="${wide}" height="${high}" fill="${BAR}"/>`;
}

/** A bar an endpoint; the line is what all would have if they had the same. */
function spreadChart(name: BalancerName): string {
  const counts = spread(name);
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const base = 90;
  const heightOf = (count: number): number => (count / mean) * 36;
  const bars = counts.map((count, index) => {
    const height = heightOf(count);
    return bar(8 + index * 16, base - height, 12, height);
  });
  const even = base - heightOf(mean);
  const most = Math.max(...counts);
  const least = Math.min(...counts);
  return svg(`${name}: exchanges of 20 endpoints, from ${least} to ${most}`, 336, 112, [
    ...bars,
    `<line x1="4" x2="332" y1="${even}" y2="${even}" stroke="${LINE}" stroke-dasharray="4 3"/>`,
    text(8, 106, `least ${least}, even ${mean}, most ${most}`),
  ]);
}

/** Bars by the logarithm: between the best and the worst lie three powers of ten. */
function slowChart(): string {
  const parts = balancerNames.flatMap((name, row) => {
    const { slowShare, p99Ms } = withSlowEndpoint(name);
    const y = 24 + row * 20;
    const length = (Math.log10(p99Ms) - 1) * 50;
    const slowest = p99Ms < 1_000 ? `${p99Ms.toFixed(0)} ms` : `${(p99Ms / 1_000).toFixed(0)} s`;
    return [
      text(8, y + 12, name),
      bar(190, y, length, 14),
      text(400, y + 12, `${slowest}, ${(slowShare * 100).toFixed(1)} %`),
    ];
  });
  const title = '99th percentile, and share of the slow endpoint';
  return svg(title, 520, 32 + balancerNames.length * 20, [text(190, 14, title), ...parts]);
}

function movesChart(): string {
  const names = [
    'upstream-hash-by',
    'upstream-hash-by-subset',
    'affinity balanced',
    'affinity persistent',
  ] as const satisfies readonly BalancerName[];
  const parts = names.flatMap((name, row) => {
    const { whenOneComes, whenOneGoes } = moves(name);
    const y = 24 + row * 44;
    return [
      text(8, y + 20, name),
      ...[whenOneComes, whenOneGoes].flatMap((part, line) => [
        bar(190, y + line * 18, part * 200, 14),
        text(
          400,
          y + line * 18 + 12,
          `${(part * 100).toFixed(1)} %, one ${line === 0 ? 'comes' : 'goes'}`,
        ),
      ]),
    ];
  });
  const title = 'clients that get another endpoint';
  return svg(title, 520, 32 + names.length * 44, [text(190, 14, title), ...parts]);
}
