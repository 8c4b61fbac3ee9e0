import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, Site } from '../cell.ts';
import { freePort, startOnCore, stop, untilListening, versionOf } from '../processes.ts';
import { writeTls } from './write-tls.ts';

/** nginx, configured as ingress-nginx does it, but for what that adds in Lua. */
export const nginx: Peer = {
  name: 'nginx',
  install: 'apt-get install nginx',
  warmUpSeconds: 1,
  describe: () => versionOf('nginx', '-v')?.replace('nginx version: ', ''),
  start: async (site, core) => {
    const port = await freePort();
    const path = join(site.folder, 'nginx.conf');
    writeFileSync(path, configText(site, port));
    const child = startOnCore(core, 'nginx', ['-p', site.folder, '-c', path]);
    await untilListening(child, port);
    return { port, pid: child.pid ?? 0, stop: () => stop(child) };
  },
};

/** `more`: another server, for the measurement of reloads. */
export function configText(site: Site, port: number, more = ''): string {
  const { hosts, upstreamPort, accessLogPath, folder, workers } = site;
  return `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${folder}/nginx.pid;
error_log stderr crit;
worker_processes ${workers};
events { worker_connections 16384; multi_accept on; use epoll; }
http {
  log_format upstreaminfo '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $request_id';
  access_log ${accessLogPath === undefined ? 'off' : `${accessLogPath} upstreaminfo`};
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server_names_hash_max_size 65536;
  server_names_hash_bucket_size 128;
  variables_hash_max_size 2048;
  keepalive_timeout 75s;
  keepalive_requests 100000000;
  http2_max_concurrent_streams 128;
  tcp_nodelay on;
  server_tokens off;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  ${tlsText(site)}
  upstream upstream_balancer {
    server 127.0.0.1:${upstreamPort};
    keepalive 320;
    keepalive_requests 100000000;
  }
  ${hosts.map((host, index) => serverText(site, host, port, index === 0)).join('')}
  ${more}
}
`;
}

/** Names of fields and their values, the same for both kinds of upstream. */
const FIELDS = [
  'Host $http_host',
  'X-Request-ID $request_id',
  'X-Real-IP $remote_addr',
  'X-Forwarded-For $remote_addr',
  'X-Forwarded-Host $http_host',
  'X-Forwarded-Port $server_port',
  'X-Forwarded-Proto $scheme',
  'X-Forwarded-Scheme $scheme',
  'X-Scheme $scheme',
  'X-Original-Forwarded-For $http_x_forwarded_for',
  'Proxy ""',
];

function tlsText({ tls, folder }: Site): string {
  if (tls === undefined) return '';
  const path = writeTls(tls, folder);
  return `
  ssl_certificate ${path};
  ssl_certificate_key ${path};
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:SSL:10m;
  ssl_session_tickets ${tls.tickets ? 'on' : 'off'};
  ssl_buffer_size 4k;
  add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;`;
}

function serverText(site: Site, host: string, port: number, isFirst: boolean): string {
  const options = site.tls === undefined ? '' : ' ssl http2';
  return `
  server {
    listen 127.0.0.1:${port}${options}${isFirst ? ' reuseport backlog=4096' : ''};
    server_name ${host};
    location / {
      set $proxy_upstream_name "bench-web-80";
      set $proxy_alternative_upstream_name "";
      client_max_body_size 1m;
      client_body_buffer_size 8k;
      ${site.upstreamProtocol === 'h2c' ? GRPC_PASS : HTTP_PASS}
    }
  }`;
}

const HTTP_PASS = `
      ${[...FIELDS, 'Upgrade $http_upgrade', 'Connection $connection_upgrade'].map((field) => `proxy_set_header ${field};`).join(' ')}
      proxy_connect_timeout 5s;
      proxy_buffering off;
      proxy_buffer_size 4k;
      proxy_buffers 4 4k;
      proxy_http_version 1.1;
      proxy_pass http://upstream_balancer;
      proxy_redirect off;`;

const GRPC_PASS = `
      ${FIELDS.map((field) => `grpc_set_header ${field};`).join(' ')}
      grpc_connect_timeout 5s;
      grpc_buffer_size 4k;
      grpc_pass grpc://upstream_balancer;`;
