import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, Site } from '../cell.ts';
import { freePort, startOnCore, stop, untilListening, versionOf } from '../processes.ts';
import { writeTls } from './write-tls.ts';

/** HAProxy: hosts in a map, the same forwarded fields, connections to the upstream shared and kept. */
export const haproxy: Peer = {
  name: 'haproxy',
  install: 'apt-get install haproxy',
  warmUpSeconds: 1,
  describe: () => {
    const [, version] = /version (\S+)/.exec(versionOf('haproxy', '-v') ?? '') ?? [];
    return version === undefined ? undefined : `haproxy/${version}`;
  },
  start: async (site, core) => {
    const port = await freePort();
    const path = join(site.folder, 'haproxy.cfg');
    const mapPath = join(site.folder, 'hosts.map');
    writeFileSync(mapPath, site.hosts.map((host) => `${host} web\n`).join(''));
    writeFileSync(path, configText(site, port, mapPath));
    const child = startOnCore(core, 'haproxy', ['-db', '-q', '-f', path], {
      outputPath: site.accessLogPath,
    });
    await untilListening(child, port);
    return { port, pid: child.pid ?? 0, stop: () => stop(child) };
  },
};

function configText(site: Site, port: number, mapPath: string): string {
  const { tls, folder, upstreamProtocol, upstreamPort, workers, accessLogPath } = site;
  const isLogged = accessLogPath !== undefined;
  const scheme = tls === undefined ? 'http' : 'https';
  const bindOptions = tls === undefined ? '' : ` ssl crt ${writeTls(tls, folder)} alpn h2,http/1.1`;
  const fields = [
    'X-Request-ID %[uuid()]',
    'X-Real-IP %[src]',
    'X-Forwarded-For %[src]',
    'X-Forwarded-Host %[req.hdr(host)]',
    'X-Forwarded-Port %[dst_port]',
    ...['X-Forwarded-Proto', 'X-Forwarded-Scheme', 'X-Scheme'].map((name) => `${name} ${scheme}`),
  ];
  return `
global
  maxconn 2000
  nbthread ${workers}
  ssl-default-bind-options ssl-min-ver TLSv1.2${tls?.tickets === true ? '' : ' no-tls-tickets'}
  ${isLogged ? 'log stdout format raw local0' : ''}
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 60s
  timeout http-keep-alive 75s
  timeout tunnel 1h
  ${isLogged ? 'log global\n  option httplog' : ''}
frontend web
  bind 127.0.0.1:${port}${bindOptions}
  ${fields.map((field) => `http-request set-header ${field}`).join('\n  ')}
  ${tls === undefined ? '' : 'http-response set-header Strict-Transport-Security "max-age=31536000; includeSubDomains"'}
  use_backend %[req.hdr(host),field(1,:),lower,map_str(${mapPath},none)]
backend web
  http-reuse always
  server web 127.0.0.1:${upstreamPort}${upstreamProtocol === 'h2c' ? ' proto h2' : ''}
backend none
  http-request return status 404
`;
}
