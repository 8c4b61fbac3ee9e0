import type { PeerName } from './cell.ts';
import { peersIn, type CellRow } from './results.ts';
import { peerTitles } from './tables.ts';

/** Greys and colours that can be read on white and on black. */
const TEXT = '#7d8590';
const LINE = '#b0b7bf';
const COLOURS: Readonly<Record<PeerName, string>> = {
  nginx: LINE,
  'ts-nginx': '#3b82f6',
  haproxy: '#10b981',
  caddy: '#f59e0b',
  'http-proxy': '#ef4444',
  undici: '#a855f7',
};
const FONT = 'font-family="system-ui, sans-serif" font-size="12"';
const LEFT = 110;
const RIGHT = 640;
const TOP = 56;
const ROW = 20;
/** Ends of the axis: ratios beyond are drawn at them. */
const LEAST = 1 / 8;
const MOST = 16;
const TICKS = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16];

/** CPU time a request ÷ nginx, by the logarithm: a row a cell, a dot a proxy, a whisker from our least to our most. */
export function costChart(rows: readonly CellRow[]): string {
  const shown = rows.filter(({ peers }) => peers.nginx !== undefined);
  const bottom = TOP + shown.length * ROW;
  const others = peersIn(shown).filter((peer) => peer !== 'nginx');
  const title = 'CPU time of a request, nginx = 1; less is better';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 ${bottom + 24}" width="720" height="${bottom + 24}" role="img" ${FONT}>`,
    `  <title>${title}</title>`,
    `  ${text(8, 14, title)}`,
    ...others.map((peer, index) => `  ${legend(peer, index)}`),
    ...TICKS.map((tick) => `  ${tickMark(tick, bottom)}`),
    ...shown.flatMap((row, index) => rowMarks(row, TOP + index * ROW + ROW / 2, others)),
    '</svg>',
    '',
  ].join('\n');
}

function rowMarks({ cell, peers }: CellRow, y: number, others: readonly PeerName[]): string[] {
  const own = peers['ts-nginx']?.ratio;
  const dots = others.flatMap((peer) => {
    const ratio = peers[peer]?.ratio;
    return ratio === undefined ? [] : [dot(xOf(ratio.median), y, peer)];
  });
  const whisker =
    own === undefined
      ? []
      : [
          `<line x1="${xOf(own.min)}" x2="${xOf(own.max)}" y1="${y}" y2="${y}" stroke="${COLOURS['ts-nginx']}" stroke-width="2"/>`,
          text(RIGHT + 20, y + 4, own.median.toFixed(2)),
        ];
  return [text(8, y + 4, cell), ...whisker, ...dots.reverse()].map((part) => `  ${part}`);
}

function legend(peer: PeerName, index: number): string {
  const x = 16 + index * 130;
  const title = peerTitles[peer].replaceAll('`', '');
  return `${dot(String(x), 32, peer)}${text(x + 10, 36, title)}`;
}

function tickMark(tick: number, bottom: number): string {
  const x = xOf(tick);
  const dashes = tick === 1 ? '' : ' stroke-dasharray="2 4"';
  const label = tick < 1 ? `1/${1 / tick}` : String(tick);
  return `<line x1="${x}" x2="${x}" y1="${TOP}" y2="${bottom}" stroke="${LINE}"${dashes}/>${text(Number(x) - 6, bottom + 16, label)}`;
}

function dot(x: string, y: number, peer: PeerName): string {
  return `<circle cx="${x}" cy="${y}" r="${peer === 'ts-nginx' ? 5 : 4}" fill="${COLOURS[peer]}"/>`;
}

function text(x: number, y: number, content: string): string {
  return `<text x="${x}" y="${y}" fill="${TEXT}">${content}</text>`;
}

function xOf(ratio: number): string {
  const within = Math.min(Math.max(ratio, LEAST), MOST);
  const share = Math.log(within / LEAST) / Math.log(MOST / LEAST);
  return (LEFT + share * (RIGHT - LEFT)).toFixed(1);
}
