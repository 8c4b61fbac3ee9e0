import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import findMyWay from 'find-my-way';
import type { StatusReport } from '../explain/status-report.ts';
import type { Logger } from '../observability/logger.ts';
import type { AdminState } from './admin-state.ts';
import { jsonAnswer, textAnswer } from './answer.ts';
import type { AdminAnswer } from './answer.ts';
import { configAnswer } from './config-answer.ts';
import { explainAnswer } from './explain-answer.ts';
import { findingsAnswer } from './findings-answer.ts';
import { healthAnswer, liveAnswer } from './health-answer.ts';
import { cpuProfileAnswer, heapSnapshotAnswer, type ProfileRequest } from './profile-answer.ts';
import { statusPage } from './status-page.ts';

export interface AdminOptions {
  /** Undefined: all addresses. `--healthz-host` */
  readonly host: string | undefined;
  /** 0: any free one. `--healthz-port` */
  readonly port: number;
  /** Answers as `/readyz` does. `--health-check-path` */
  readonly healthPath: string;
  /** Of the product, for the page. */
  readonly version: string;
}

export interface AdminServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Everything that answers on the admin port, by path. */
interface Endpoint {
  /** HEAD goes with GET. */
  readonly method: 'GET' | 'POST';
  readonly handler: Handler;
}

type Handler = (request: AdminRequest) => AdminAnswer | Promise<AdminAnswer>;

export interface AdminRequest extends ProfileRequest {
  /** The Accept field, empty without one. */
  readonly accept: string;
}

const MAX_CONNECTIONS = 512;
const REQUEST_MS = 10_000;
const CLOSE_MS = 1_000;

const COMMON_FIELDS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** Serves health, metrics and state, apart from the proxy's ports. Rejects when the port can't be opened. */
export async function startAdminServer(
  options: AdminOptions,
  state: AdminState,
  log: Logger,
): Promise<AdminServer> {
  const find = createRoutes(options, state);
  const server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: REQUEST_MS });
  server.maxConnections = MAX_CONNECTIONS;
  server.headersTimeout = REQUEST_MS;
  server.on('request', (request, response) => {
    const gone = whenGone(response);
    answer(request, find, gone)
      .then((result) => send(request, response, result))
      .catch((error: unknown) => {
        if (gone.aborted) return;
        log.error({ err: error, path: request.url }, 'admin request failed');
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
  });
  server.listen({ port: options.port, host: options.host });
  await once(server, 'listening');
  server.on('error', (error) => {
    log.error({ err: error }, 'admin server failed');
  });
  const { port } = server.address() as AddressInfo;
  return { port, close: () => closeServer(server) };
}

/** Finds what answers a path; undefined: nothing does. */
function createRoutes(
  options: AdminOptions,
  state: AdminState,
): (path: string) => Endpoint | undefined {
  const router = findMyWay();
  const endpoints = new Map<unknown, Endpoint>();
  const add = (path: string, handler: Handler, method: Endpoint['method'] = 'GET') => {
    const marker = () => undefined;
    endpoints.set(marker, { method, handler });
    router.on('GET', path, marker); // the method is looked at when the path is known
  };
  const health: Handler = ({ query }) => healthAnswer(state.readiness(), query.has('verbose'));
  add('/livez', () => liveAnswer(state.live()));
  add('/readyz', health);
  add('/metrics', async () => metricsAnswer(await state.metrics()));
  add('/config', (request) => configAnswer(state.config(), request));
  add('/explain', ({ query }) => explainAnswer(state, query));
  add('/ingresses', () => ingressesAnswer(state.status()));
  add('/findings', () => findingsAnswer(state.findings()));
  add('/', ({ query }) => statusPage(state, options.version, query.get('q') ?? ''));
  add('/debug/profile', (request) => cpuProfileAnswer(state.profiling(), request), 'POST');
  add('/debug/heap', (request) => heapSnapshotAnswer(state.profiling(), request), 'POST');
  return (path) =>
    path === options.healthPath
      ? { method: 'GET', handler: health }
      : endpoints.get(router.find('GET', path)?.handler);
}

async function answer(
  request: IncomingMessage,
  find: (path: string) => Endpoint | undefined,
  gone: AbortSignal,
): Promise<AdminAnswer> {
  const url = URL.parse(request.url ?? '', 'http://admin');
  const endpoint = url === null ? undefined : find(url.pathname);
  if (url === null || endpoint === undefined) return textAnswer(404, 'not found\n');
  const allowed = endpoint.method === 'GET' ? ['GET', 'HEAD'] : [endpoint.method];
  if (!allowed.includes(request.method ?? '')) {
    return { ...textAnswer(405, 'method not allowed\n'), headers: { allow: allowed.join(', ') } };
  }
  const { headers, socket } = request;
  return endpoint.handler({
    query: url.searchParams,
    accept: headers.accept ?? '',
    headers,
    peer: socket.remoteAddress,
    gone,
  });
}

/** Aborted when the client goes away before all was sent (and when all was sent, which interests nobody any more). */
function whenGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort(new Error('the client went away'));
  });
  return gone.signal;
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, contentType, body, headers }: AdminAnswer,
): Promise<void> {
  response.writeHead(status, { ...COMMON_FIELDS, 'content-type': contentType, ...headers });
  if (typeof body === 'string') response.end(body);
  else if (request.method === 'HEAD') response.end();
  else await pipeline(Readable.from(body), response);
}

function ingressesAnswer(report: StatusReport | undefined): AdminAnswer {
  return report === undefined ? textAnswer(503, 'no configuration yet\n') : jsonAnswer(200, report);
}

function metricsAnswer(body: Iterable<string>): AdminAnswer {
  return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body };
}

/** Lets answers that are under way end, for a short while. */
async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const timer = setTimeout(() => {
    server.closeAllConnections();
  }, CLOSE_MS);
  await closed;
  clearTimeout(timer);
}
