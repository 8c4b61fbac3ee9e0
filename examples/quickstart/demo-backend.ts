import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { findIngresses, type BackendAddress } from './manifests.ts';
import { renderPage } from './page.ts';

/** What a demo backend saw of a request: what it tells as JSON, or shows as a page. */
export interface Echo {
  readonly service: string;
  /** `127.0.0.1:18081`. */
  readonly endpoint: string;
  /** Those that lead from this host to this Service; one, unless the manifests are odd. */
  readonly ingress: readonly string[];
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly bodyBytes: number;
  readonly headers: IncomingHttpHeaders;
}

export interface DemoBackendOptions extends BackendAddress {
  /** Where the manifests are. */
  readonly folder: string;
  /** Pages to go on to. */
  readonly links: readonly string[];
}

/** An application as one might stand behind an Ingress: browsers get a page, everything else JSON. */
export async function startDemoBackend(options: DemoBackendOptions): Promise<Server> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch(() => {
      response.destroy(); // the request broke off
    });
  });
  server.listen(options.port, options.address);
  await once(server, 'listening');
  server.unref(); // the product decides how long this process lives
  return server;
}

async function answer(
  options: DemoBackendOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const echo = await describe(options, request);
  const wantsPage = (request.headers.accept ?? '').includes('text/html');
  response.writeHead(200, {
    'content-type': wantsPage ? 'text/html; charset=utf-8' : 'application/json',
    'cache-control': 'no-store',
  });
  response.end(
    wantsPage ? renderPage(echo, options.links) : `${JSON.stringify(echo, undefined, 2)}\n`,
  );
}

async function describe(
  { service, address, port, folder }: DemoBackendOptions,
  request: IncomingMessage,
): Promise<Echo> {
  let bodyBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) bodyBytes += chunk.length;
  const host = request.headers.host ?? '';
  return {
    service,
    endpoint: `${address}:${port}`,
    ingress: await findIngresses(folder, host.replace(/:\d+$/, ''), service),
    method: request.method ?? '',
    host,
    path: request.url ?? '',
    bodyBytes,
    headers: request.headers,
  };
}
