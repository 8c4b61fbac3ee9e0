import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Peer, Site } from '../cell.ts';
import { benchClass, benchIngress, benchService, benchSlice } from '../manifests.ts';
import { freePort, stop, untilListening, versionOf } from '../processes.ts';

const SERVICE = 'web';
const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** This product with one worker, the sites as Ingresses in a folder. */
export const tsNginx: Peer = {
  name: 'ts-nginx',
  describe: () => `ts-nginx, Node ${versionOf(process.execPath, '--version') ?? ''}`,
  start: async (site, core) => {
    const manifests = join(site.folder, 'manifests');
    mkdirSync(manifests);
    writeFileSync(join(manifests, 'site.yaml'), manifestText(site));
    const port = await freePort();
    const args = [
      ...[MAIN, 'serve', '--manifests', manifests, '--workers', '1'],
      ...['--http-port', String(port), '--https-port', String(await freePort())],
      ...['--healthz-port', String(await freePort()), '--bind', '127.0.0.1'],
      ...['--configmap', 'bench/settings', '--logtostderr'],
    ];
    const command = core === undefined ? [] : ['taskset', '-c', String(core)];
    const [program = '', ...rest] = [...command, process.execPath, ...args];
    const log = openSync(site.accessLogPath ?? '/dev/null', 'a');
    const child = spawn(program, rest, { stdio: ['ignore', log, 'ignore'] });
    closeSync(log);
    await untilListening(child, port);
    return { port, pid: child.pid ?? 0, stop: () => stop(child) };
  },
};

function manifestText(site: Site): string {
  const settings = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: 'bench' },
    data: {
      'disable-access-log': String(site.accessLogPath === undefined),
      'keep-alive-requests': '100000000',
      'upstream-keepalive-requests': '100000000',
    },
  };
  const objects = [
    settings,
    benchClass,
    benchService(SERVICE),
    benchSlice(SERVICE, site.upstreamPort),
    ...site.hosts.map((host) => benchIngress(host, SERVICE)),
  ];
  return objects.map((object) => stringify(object)).join('---\n');
}
