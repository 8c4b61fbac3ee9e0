import type { PeerName } from './cell.ts';
import { peersIn, type CellRow, type LatencyRow, type PeerFigures } from './results.ts';
import type { Spread } from './spread.ts';

export const peerTitles: Readonly<Record<PeerName, string>> = {
  nginx: 'nginx',
  'ts-nginx': 'ts-nginx',
  haproxy: 'HAProxy',
  caddy: 'Caddy',
  'http-proxy': '`http-proxy`',
  undici: '`node:http` + `undici`',
};

/** CPU time a request as a ratio to nginx. A field is empty where a proxy had no part. */
export function costTable(rows: readonly CellRow[]): string {
  const others = peersIn(rows).filter((peer) => peer !== 'nginx');
  return table(
    ['cell', '', 'nginx µs', ...others.map((peer) => peerTitles[peer])],
    rows.map((row) => [
      `\`${row.cell}\``,
      row.about,
      row.peers.nginx?.cpuMicros.median.toPrecision(3) ?? '',
      ...others.map((peer) => costText(row.peers[peer], peer === 'ts-nginx')),
    ]),
  );
}

/** Requests a second with all connections busy. */
export function throughputTable(rows: readonly CellRow[]): string {
  const peers = peersIn(rows);
  return table(
    ['cell', ...peers.map((peer) => peerTitles[peer])],
    rows.map((row) => [`\`${row.cell}\``, ...peers.map((peer) => throughputText(row.peers[peer]))]),
  );
}

export function latencyTable(rows: readonly LatencyRow[]): string {
  return table(
    ['load', 'proxy', 'p50 ms', 'p99 ms', 'p99.9 ms'],
    rows.map(({ share, ratePerSecond, peer, p50Ms, p99Ms, p999Ms }) => [
      `${Math.round(share * 100)} %, ${thousands(ratePerSecond)}/s`,
      peerTitles[peer],
      ...[p50Ms, p99Ms, p999Ms].map(spreadText),
    ]),
  );
}

/** One column a size. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (fields: readonly string[]): string => `| ${fields.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function costText(figures: PeerFigures | undefined, isOurs: boolean): string {
  if (figures === undefined) return '';
  if (figures.ratio === undefined) return `${figures.cpuMicros.median.toPrecision(3)} µs`;
  const { median, min, max } = figures.ratio;
  const text = median.toFixed(2);
  return `${isOurs ? `**${text}**` : text} (${min.toFixed(2)}–${max.toFixed(2)})`;
}

/** With a mark where the proxy was not what limited it. */
function throughputText(figures: PeerFigures | undefined): string {
  if (figures === undefined) return '';
  const { requestsPerSecond, busy } = figures;
  return `${thousands(requestsPerSecond.median)} (${Math.round(busy.median * 100)} %)`;
}

function spreadText({ median, min, max }: Spread): string {
  return `${median.toPrecision(2)} (${min.toPrecision(2)}–${max.toPrecision(2)})`;
}

function thousands(value: number): string {
  return value < 100 ? value.toPrecision(3) : Math.round(value).toLocaleString('en-US');
}
