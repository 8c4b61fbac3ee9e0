import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/**
 * What every test pod runs. It stands alone: a real cluster mounts this very file into a Node image, the stand-in kubelet
 * imports it. Answers every request with JSON that says what arrived and who answers, except:
 *
 * - `GET /health`: 200, or 503 after `PUT /health` with the body `down` (until one with `up`)
 * - `?delayMs=N`: the answer comes N milliseconds later
 */
export function createEchoServer(env: Readonly<Record<string, string | undefined>>): Server {
  let isHealthy = true;
  return createServer((request, response) => {
    response.on('error', () => {}); // the client went away
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://echo');
    if (pathname === '/health' && request.method === 'PUT') {
      readText(request, (body) => {
        isHealthy = body !== 'down';
        response.end();
      });
      return;
    }
    request.resume();
    if (pathname === '/health') {
      response.writeHead(isHealthy ? 200 : 503).end();
      return;
    }
    const delayMs = Math.min(Number(searchParams.get('delayMs') ?? 0), 60_000);
    if (delayMs > 0) setTimeout(answer, delayMs, request, response, env);
    else answer(request, response, env);
  });
}

/** What an echo server says of a request. Names as ingress-controller-conformance's echo server has them. */
export interface Echo {
  readonly path: string;
  readonly host: string;
  readonly method: string;
  /** Such as `HTTP/1.1`. */
  readonly proto: string;
  /** By name in Go's spelling (`X-Forwarded-For`), every line's value; `Host` is not among them. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly namespace: string;
  readonly ingress: string;
  readonly service: string;
  readonly pod: string;
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  env: Readonly<Record<string, string | undefined>>,
): void {
  const echo: Echo = {
    path: request.url ?? '',
    host: request.headers.host ?? '',
    method: request.method ?? '',
    proto: `HTTP/${request.httpVersion}`,
    headers: canonicalFields(request),
    namespace: env['NAMESPACE'] ?? '',
    ingress: env['INGRESS_NAME'] ?? '',
    service: env['SERVICE_NAME'] ?? '',
    pod: env['POD_NAME'] ?? '',
  };
  const body = JSON.stringify(echo);
  response
    .writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    })
    .end(body);
}

function canonicalFields(request: IncomingMessage): Record<string, readonly string[]> {
  const fields: Record<string, readonly string[]> = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (name === 'host' || values === undefined) continue;
    fields[name.replace(/(^|-)[a-z]/g, (initial) => initial.toUpperCase())] = values;
  }
  return fields;
}

function readText(request: IncomingMessage, done: (text: string) => void): void {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    done(body);
  });
}

if (import.meta.main) {
  const server = createEchoServer(process.env);
  server.listen(Number(process.env['PORT'] ?? 3000));
  process.once('SIGTERM', () => server.close());
}
