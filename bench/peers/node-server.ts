import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningPeer, Site } from '../cell.ts';
import { freePort, startOnCore, stop, untilListening } from '../processes.ts';

/** Starts one of the baselines: `node <program> PORT HOSTS_FILE`, the file being a list of `[host, target]`. */
export async function startNodeServer(
  program: string,
  site: Site,
  core: number | undefined,
): Promise<RunningPeer> {
  const port = await freePort();
  const path = join(site.folder, 'hosts.json');
  const target = `http://127.0.0.1:${site.upstreamPort}`;
  writeFileSync(path, JSON.stringify(site.hosts.map((host) => [host, target])));
  const script = join(import.meta.dirname, program);
  const child = startOnCore(core, process.execPath, [script, String(port), path]);
  await untilListening(child, port);
  return { port, pid: child.pid ?? 0, stop: () => stop(child) };
}
