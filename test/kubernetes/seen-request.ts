import type { IncomingMessage } from 'node:http';

/** What was asked for. */
export interface SeenRequest {
  readonly verb: 'list' | 'watch';
  readonly resource: string;
  readonly namespace: string | undefined;
  /** Of the field selector `metadata.name=`. */
  readonly name: string | undefined;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
}

const PATH = /^\/apis?\/(?:[^/]+\/)?v1(?:\/namespaces\/([^/]+))?\/([a-z]+)$/;

/** Undefined fields: it does not say. */
export function parseRequest(request: IncomingMessage): SeenRequest {
  const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://fake');
  const [, namespace, resource] = PATH.exec(pathname) ?? [];
  return {
    verb: query.get('watch') === 'true' ? 'watch' : 'list',
    resource: resource ?? pathname,
    namespace,
    name: query.get('fieldSelector')?.replace(/^metadata\.name=/, ''),
    query,
    authorization: request.headers.authorization,
  };
}
