import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, Site } from '../cell.ts';
import { benchClass, benchIngress, benchSecret, benchService, benchSlice } from '../manifests.ts';
import { freePort, startOnCore, stop, untilListening, versionOf } from '../processes.ts';

const SERVICE = 'web';
const SECRET = 'web-tls';
const OBJECTS_PER_FILE = 2_000;
/** As users start it, with the flags of V8 that it sets. */
const LAUNCHER = join(import.meta.dirname, '../../bin/ts-nginx.js');

/** This product, the sites as Ingresses in a folder. */
export const tsNginx: Peer = {
  name: 'ts-nginx',
  install: 'npm ci',
  warmUpSeconds: 6,
  describe: () => `ts-nginx, Node ${versionOf(process.execPath, '--version') ?? ''}`,
  start: async (site, core) => {
    const manifests = join(site.folder, 'manifests');
    mkdirSync(manifests);
    writeManifests(site, manifests);
    const [port, httpsPort, healthPort] = [await freePort(), await freePort(), await freePort()];
    const args = [
      ...[LAUNCHER, 'serve', '--manifests', manifests, '--workers', String(site.workers)],
      ...['--http-port', String(port), '--https-port', String(httpsPort)],
      ...['--healthz-port', String(healthPort), '--bind', '127.0.0.1'],
      ...['--configmap', 'bench/settings', '--v', '0'],
    ];
    const child = startOnCore(core, process.execPath, args, { outputPath: site.accessLogPath });
    const loaded = site.tls === undefined ? port : httpsPort;
    await untilListening(child, loaded);
    return {
      port: loaded,
      pid: child.pid ?? 0,
      stop: () => stop(child),
    };
  },
};

/** In several files, because one must not be too long. */
function writeManifests(site: Site, folder: string): void {
  const secret = site.tls === undefined ? [] : [benchSecret(SECRET, site.tls)];
  const shared = [settingsOf(site), benchClass, benchService(SERVICE), ...secret];
  const ingresses = site.hosts.map((host) => ingressOf(site, host));
  const objects = [...shared, benchSlice(SERVICE, site.upstreamPort), ...ingresses];
  for (let from = 0; from < objects.length; from += OBJECTS_PER_FILE) {
    const part = objects.slice(from, from + OBJECTS_PER_FILE);
    const text = part.map((object) => JSON.stringify(object)).join('\n---\n');
    writeFileSync(join(folder, `${from}.yaml`), text);
  }
}

function settingsOf(site: Site): object {
  return {
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
