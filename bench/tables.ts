import type { PeerName } from './cell.ts';
import {
  peersIn,
  type CellRow,
  type ControlPlaneRow,
  type LatencyRow,
  type PeerFigures,
} from './results.ts';
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
      microsText(row.peers.nginx),
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
export function controlPlaneTable(rows: readonly ControlPlaneRow[]): string {
  const names = rows[0]?.figures.map(([name]) => name) ?? [];
  return table(
    ['', ...rows.map(({ ingresses }) => `${thousands(ingresses)} Ingresses`)],
    names.map((name, index) => [name, ...rows.map(({ figures }) => figures[index]?.[1] ?? '')]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (fields: readonly string[]): string => `| ${fields.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function microsText(figures: PeerFigures | undefined): string {
  return figures === undefined ? '' : thousands(figures.cpuMicros.median);
}

function costText(figures: PeerFigures | undefined, isOurs: boolean): string {
  if (figures === undefined) return '';
  if (figures.ratio === undefined) return `${microsText(figures)} µs`;
  const { median, min, max } = figures.ratio;
  const text = median.toFixed(2);
  return `${isOurs ? `**${text}**` : text} (${min.toFixed(2)}–${max.toFixed(2)})`;
}

/** With the share of the core that was used: far from all, the proxy was not the limit. */
function throughputText(figures: PeerFigures | undefined): string {
  if (figures === undefined) return '';
  const { requestsPerSecond, busy } = figures;
  return `${thousands(requestsPerSecond.median)} (${Math.round(busy.median * 100)} %)`;
}

function spreadText({ median, min, max }: Spread): string {
  const text = (value: number): string => String(Number(value.toPrecision(value < 10 ? 2 : 3)));
  return `${text(median)} (${text(min)}–${text(max)})`;
}

function thousands(value: number): string {
  return value < 100 ? value.toPrecision(3) : Math.round(value).toLocaleString('en-US');
}
