import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Transport, TransportResponse } from './api-client.ts';
import type { Access } from './credentials.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly body?: { readonly text: string; readonly type: string } | undefined;
}

/**
 * HTTP/1.1: a connection for each watch. For plaintext servers, proxies, and servers that offer nothing else; and for what is
 * written, whose renewals of a Lease must not stand in line behind a long list.
 */
export class Http1Transport implements Transport {
  readonly #connectMs: number;
  readonly #plainAgent = new http.Agent({ keepAlive: true });
  readonly #tlsAgent = new https.Agent({ keepAlive: true });

  constructor({ connectMs = 10_000 }: { readonly connectMs?: number } = {}) {
    this.#connectMs = connectMs;
  }

  get(access: Access, path: string, signal: AbortSignal): Promise<TransportResponse> {
    return this.send(access, { method: 'GET', path }, signal);
  }

  send(
    { server, headers, tls, proxyAgent }: Access,
    { method, path, body }: ApiRequest,
    signal: AbortSignal,
  ): Promise<TransportResponse> {
    const content = body === undefined ? undefined : Buffer.from(body.text);
    const isTls = server.protocol === 'https:';
    const { promise, resolve, reject } = Promise.withResolvers<TransportResponse>();
    const request = (isTls ? https : http).request(
      {
        ...tls,
        host: server.hostname.replace(/^\[(.*)\]$/, '$1'),
        port: server.port === '' ? (isTls ? 443 : 80) : server.port,
        method,
        path: server.pathname.replace(/\/$/, '') + path,
        headers: { ...headers, ...contentHeaders(content, body?.type) },
        agent: proxyAgent ?? (isTls ? this.#tlsAgent : this.#plainAgent),
        signal,
      },
      (response) => {
        response.on('error', () => undefined); // whoever reads the body hears of it
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: response, isWhole: () => response.complete });
      },
    );
    request.on('error', reject);
    request.on('socket', (socket) => {
      socket.setKeepAlive(true, 30_000);
      if (socket.connecting) this.#boundConnecting(socket, isTls ? 'secureConnect' : 'connect');
    });
    request.end(content);
    return promise;
  }

  /** A server that takes no connections may let them hang for minutes, and would be noticed late when it is back. */
  #boundConnecting(socket: Socket, done: 'connect' | 'secureConnect'): void {
    const timer = setTimeout(() => {
      socket.destroy(new Error('connection timed out'));
    }, this.#connectMs);
    const clear = (): void => {
      clearTimeout(timer);
    };
    socket.once(done, clear);
    socket.once('close', clear);
  }

  close(): void {
    this.#plainAgent.destroy();
    this.#tlsAgent.destroy();
  }
}

function contentHeaders(content: Buffer | undefined, type = ''): Record<string, string> {
  if (content === undefined) return {};
  return { 'content-type': type, 'content-length': String(content.length) };
}
