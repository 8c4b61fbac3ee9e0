import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, Site } from '../cell.ts';
import { freePort, startOnCore, stop, untilListening, versionOf } from '../processes.ts';

/** nginx with one worker, configured as ingress-nginx does it, but for what that adds in Lua. */
export const nginx: Peer = {
  name: 'nginx',
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

function configText({ hosts, upstreamPort, accessLogPath, folder }: Site, port: number): string {
  return `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${folder}/nginx.pid;
error_log stderr crit;
worker_processes 1;
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
  tcp_nodelay on;
  server_tokens off;
  upstream upstream_balancer {
    server 127.0.0.1:${upstreamPort};
    keepalive 320;
    keepalive_requests 100000000;
  }
  ${hosts.map((host) => serverText(host, port)).join('')}
}
`;
}

function serverText(host: string, port: number): string {
  return `
  server {
    listen 127.0.0.1:${port};
    server_name ${host};
    location / {
      set $proxy_upstream_name "bench-web-80";
      set $proxy_alternative_upstream_name "";
      client_max_body_size 1m;
      client_body_buffer_size 8k;
      proxy_set_header Host $http_host;
      proxy_set_header Connection "";
      proxy_set_header X-Request-ID $request_id;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Port 80;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Scheme $scheme;
      proxy_set_header X-Scheme $scheme;
      proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for;
      proxy_set_header Proxy "";
      proxy_connect_timeout 5s;
      proxy_buffering off;
      proxy_buffer_size 4k;
      proxy_buffers 4 4k;
      proxy_http_version 1.1;
      proxy_pass http://upstream_balancer;
      proxy_redirect off;
    }
  }`;
}
