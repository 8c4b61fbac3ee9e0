import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer } from '../cell.ts';
import { freePort, startOnCore, stop, untilListening } from '../processes.ts';

const PROGRAM = join(import.meta.dirname, 'http-proxy-server.ts');

/** The proxy library that is most used with Node, with a keep-alive agent: the baseline. */
export const httpProxy: Peer = {
  name: 'http-proxy',
  describe: () => `http-proxy 1.18, Node ${process.version}`,
  start: async (site, core) => {
    const port = await freePort();
    const path = join(site.folder, 'hosts.json');
    const target = `http://127.0.0.1:${site.upstreamPort}`;
    writeFileSync(path, JSON.stringify(site.hosts.map((host) => [host, target])));
    const child = startOnCore(core, process.execPath, [PROGRAM, String(port), path]);
    await untilListening(child, port);
    return { port, pid: child.pid ?? 0, stop: () => stop(child) };
  },
};
