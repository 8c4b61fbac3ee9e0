import { readFileSync } from 'node:fs';
import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';

/** Run as a program: `node http-proxy-server.ts PORT HOSTS_FILE`, the file being a list of `[host, target]`. */
const [port, hostsPath = ''] = process.argv.slice(2);
const targets = new Map(JSON.parse(readFileSync(hostsPath, 'utf8')) as [string, string][]);

const proxy = httpProxy.createProxyServer({
  agent: new Agent({ keepAlive: true, maxSockets: 1024 }),
  xfwd: true,
});
proxy.on('error', (error, _request, response) => {
  if ('writeHead' in response) response.writeHead(502).end(error.message);
  else response.destroy();
});

const server = createServer((request, response) => {
  const target = targets.get((request.headers.host ?? '').replace(/:\d+$/, ''));
  if (target === undefined) response.writeHead(404).end();
  else proxy.web(request, response, { target });
});
server.keepAliveTimeout = 75_000;
server.listen(Number(port), '127.0.0.1');
