import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, Site } from '../cell.ts';
import { benchClass, benchIngress, benchSecret, benchService, benchSlice } from '../manifests.ts';
import { freePort, startOnCore, stop, untilListening, versionOf } from '../processes.ts';

const SERVICE = 'web';
const SECRET = 'web-tls';
const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** This product, the sites as Ingresses in a folder. */
export const tsNginx: Peer = {
  name: 'ts-nginx',
  install: 'npm ci',
  warmUpSeconds: 6,
  describe: () => `ts-nginx, Node ${versionOf(process.execPath, '--version') ?? ''}`,
  start: async (site, core) => {
    const manifests = join(site.folder, 'manifests');
    mkdirSync(manifests);
    writeFileSync(join(manifests, 'site.yaml'), manifestText(site));
    const [port, httpsPort, healthPort] = [await freePort(), await freePort(), await freePort()];
    const args = [
      ...[MAIN, 'serve', '--manifests', manifests, '--workers', String(site.workers)],
      ...['--http-port', String(port), '--https-port', String(httpsPort)],
      ...['--healthz-port', String(healthPort), '--bind', '127.0.0.1'],
      ...['--configmap', 'bench/settings', '--v', '0'],
    ];
    const child = startOnCore(core, process.execPath, args, { outputPath: site.accessLogPath });
    await untilListening(child, port);
    return {
      port: site.tls === undefined ? port : httpsPort,
      pid: child.pid ?? 0,
      stop: () => stop(child),
    };
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
      'ssl-session-tickets': String(site.tls?.tickets ?? false),
    },
  };
  const secret = site.tls === undefined ? [] : [benchSecret(SECRET, site.tls)];
  const objects = [
    ...[settings, benchClass, benchService(SERVICE), ...secret],
    benchSlice(SERVICE, site.upstreamPort),
    ...site.hosts.map((host) => ingressOf(site, host)),
  ];
  return objects.map((object) => JSON.stringify(object)).join('\n---\n');
}

function ingressOf({ tls, upstreamProtocol }: Site, host: string): object {
  const { metadata, spec, ...rest } = benchIngress(host, SERVICE);
  const annotations = { 'nginx.ingress.kubernetes.io/backend-protocol': 'GRPC' };
  return {
    ...rest,
    metadata: { ...metadata, ...(upstreamProtocol === 'h2c' ? { annotations } : {}) },
    spec: { ...spec, ...(tls ? { tls: [{ hosts: [host], secretName: SECRET }] } : {}) },
  };
}
