import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, Site } from '../cell.ts';
import { freePort, startOnCore, stop, untilListening, versionOf } from '../processes.ts';
import { writeTls } from './write-tls.ts';

/** Caddy: a route for each host, as its Caddyfile would make it, with the same forwarded fields. */
export const caddy: Peer = {
  name: 'caddy',
  install: 'apt-get install caddy',
  warmUpSeconds: 1,
  describe: () => {
    const version = versionOf('caddy', 'version')?.split(' ')[0];
    return version === undefined ? undefined : `caddy/${version}`;
  },
  start: async (site, core) => {
    const port = await freePort();
    const path = join(site.folder, 'caddy.json');
    writeFileSync(path, JSON.stringify(config(site, port)));
    const home = { HOME: site.folder, XDG_DATA_HOME: site.folder, XDG_CONFIG_HOME: site.folder };
    const child = startOnCore(core, 'caddy', ['run', '--config', path], { env: home });
    await untilListening(child, port);
    return { port, pid: child.pid ?? 0, stop: () => stop(child) };
  },
};

function config(site: Site, port: number): object {
  const routes = site.hosts.map((host) => ({
    match: [{ host: [host] }],
    handle: [reverseProxy(site)],
    terminal: true,
  }));
  const server = {
    listen: [`127.0.0.1:${port}`],
    automatic_https: { disable: true },
    routes,
    ...(site.tls === undefined ? {} : { tls_connection_policies: [{}] }),
  };
  return {
    admin: { disabled: true, config: { persist: false } },
    logging: { logs: { default: { level: 'ERROR' } } },
    apps: { http: { servers: { web: server } }, ...tlsApp(site) },
  };
}

function tlsApp({ tls, folder }: Site): object {
  if (tls === undefined) return {};
  const path = writeTls(tls, folder);
  return {
    tls: {
      certificates: { load_files: [{ certificate: path, key: path }] },
      session_tickets: { disabled: !tls.tickets },
    },
  };
}

/** X-Forwarded-For, -Host and -Proto it sets by itself. */
function reverseProxy({ upstreamPort, upstreamProtocol, tls }: Site): object {
  const request = {
    set: {
      'X-Request-Id': ['{http.request.uuid}'],
      'X-Real-Ip': ['{http.request.remote.host}'],
      'X-Forwarded-Port': ['{http.request.port}'],
      'X-Forwarded-Scheme': ['{http.request.scheme}'],
      'X-Scheme': ['{http.request.scheme}'],
    },
  };
  const response = {
    set: { 'Strict-Transport-Security': ['max-age=31536000; includeSubDomains'] },
  };
  return {
    handler: 'reverse_proxy',
    upstreams: [{ dial: `127.0.0.1:${upstreamPort}` }],
    headers: { request, ...(tls === undefined ? {} : { response }) },
    transport: {
      protocol: 'http',
      versions: upstreamProtocol === 'h2c' ? ['h2c', '2'] : ['1.1'],
      compression: false,
      keep_alive: { enabled: true, max_idle_conns_per_host: 320 },
    },
  };
}
