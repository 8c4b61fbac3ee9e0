import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Site } from './cell.ts';
import { configText, nginx } from './peers/nginx.ts';
import { freePort, startOnCore, stop, treeCpuMs, untilListening } from './processes.ts';

export interface Reload {
  /** From the signal to the first answer by the new configuration. */
  readonly ms: number;
  /** Of all its processes, until then. */
  readonly cpuMs: number;
}

const RELOADS = 3;
const WORKERS = 2;
const LIMIT_MS = 30_000;
const PROBE_HOST = 'probe.bench.example';

/** What a change costs nginx that has these hosts: it reads all of its configuration anew. Undefined: not installed. */
export async function measureReloads(
  hosts: readonly string[],
  upstreamPort: number,
): Promise<readonly Reload[] | undefined> {
  if (nginx.describe() === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const path = join(folder, 'nginx.conf');
  const port = await freePort();
  const site: Site = {
    hosts,
    upstreamPort,
    upstreamProtocol: 'http1',
    tls: undefined,
    workers: WORKERS,
    accessLogPath: undefined,
    folder,
  };
  const write = (version: number): void => {
    writeFileSync(path, configText(site, port, probeServer(port, version)));
  };
  write(0);
  const child = startOnCore(undefined, 'nginx', ['-p', folder, '-c', path]);
  const reloads: Reload[] = [];
  try {
    await untilListening(child, port);
    await untilVersion(port, 0);
    for (let version = 1; version <= RELOADS; version++) {
      write(version);
      const cpuMs = treeCpuMs(child.pid ?? 0);
      const startedAt = performance.now();
      child.kill('SIGHUP');
      await untilVersion(port, version);
      const ms = performance.now() - startedAt;
      reloads.push({ ms, cpuMs: treeCpuMs(child.pid ?? 0) - cpuMs });
    }
    return reloads;
  } finally {
    await stop(child);
    rmSync(folder, { recursive: true });
  }
}

function probeServer(port: number, version: number): string {
  return `server { listen 127.0.0.1:${port}; server_name ${PROBE_HOST}; location / { return 200 "${version}"; } }`;
}

async function untilVersion(port: number, version: number): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (performance.now() < deadline) {
    if ((await askVersion(port)) === String(version)) return;
    await delay(2);
  }
  throw new Error(`nginx did not take over configuration ${version}`);
}

/** Undefined: the connection was closed by a worker that ends. */
async function askVersion(port: number): Promise<string | undefined> {
  const asked = get({ port, host: '127.0.0.1', agent: false, headers: { host: PROBE_HOST } });
  try {
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return await text(response);
  } catch {
    return undefined;
  }
}
