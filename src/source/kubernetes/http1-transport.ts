import http from 'node:http';
import https from 'node:https';
import type { Transport, TransportResponse } from './api-client.ts';
import type { Access } from './credentials.ts';

/** HTTP/1.1: a connection for each watch. For plaintext servers, proxies, and servers that offer nothing else. */
export class Http1Transport implements Transport {
  readonly #plainAgent = new http.Agent({ keepAlive: true });
  readonly #tlsAgent = new https.Agent({ keepAlive: true });

  get(access: Access, path: string, signal: AbortSignal): Promise<TransportResponse> {
    const { server, headers, tls, proxyAgent } = access;
    const isTls = server.protocol === 'https:';
    const { promise, resolve, reject } = Promise.withResolvers<TransportResponse>();
    const request = (isTls ? https : http).request(
      {
        ...tls,
        host: server.hostname.replace(/^\[(.*)\]$/, '$1'),
        port: server.port === '' ? (isTls ? 443 : 80) : server.port,
        path: server.pathname.replace(/\/$/, '') + path,
        headers,
        agent: proxyAgent ?? (isTls ? this.#tlsAgent : this.#plainAgent),
        signal,
      },
      (response) => {
        response.on('error', () => undefined); // whoever reads the body hears of it
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response });
      },
    );
    request.on('error', reject);
    request.on('socket', (socket) => {
      socket.setKeepAlive(true, 30_000);
    });
    request.end();
    return promise;
  }

  close(): void {
    this.#plainAgent.destroy();
    this.#tlsAgent.destroy();
  }
}
