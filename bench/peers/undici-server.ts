import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Agent } from 'undici';

/** Run as a program: `node undici-server.ts PORT HOSTS_FILE`, the file being a list of `[host, target]`. */
const [port, hostsPath = ''] = process.argv.slice(2);
const targets = new Map(JSON.parse(readFileSync(hostsPath, 'utf8')) as [string, string][]);
const agent = new Agent({ connections: 320, pipelining: 1 });
/** What concerns one connection alone, of requests and of answers. */
const HOP_BY_HOP: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding']);

async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  target: string,
): Promise<void> {
  const hasBody = request.method !== 'GET';
  const answer = await agent.request({
    origin: target,
    path: request.url ?? '/',
    method: request.method ?? 'GET',
    headers: { ...withoutHopByHop(request.headers), 'x-forwarded-for': '127.0.0.1' },
    body: hasBody ? request : null,
  });
  response.writeHead(answer.statusCode, withoutHopByHop(answer.headers));
  await pipeline(answer.body, response);
}

function withoutHopByHop<Value>(fields: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !HOP_BY_HOP.has(name)));
}

const server = createServer((request, response) => {
  const target = targets.get((request.headers.host ?? '').replace(/:\d+$/, ''));
  if (target === undefined) response.writeHead(404).end();
  else {
    forward(request, response, target).catch(() => {
      response.destroy();
    });
  }
});
server.keepAliveTimeout = 75_000;
server.listen(Number(port), '127.0.0.1');
