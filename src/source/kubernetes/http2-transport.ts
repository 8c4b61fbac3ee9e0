import http2 from 'node:http2';
import { once } from 'node:events';
import tls from 'node:tls';
import type { Transport, TransportResponse } from './api-client.ts';
import type { Access } from './credentials.ts';
import { Http1Transport } from './http1-transport.ts';

export interface Http2TransportOptions {
  /** Between two pings of a connection; one that did not answer the last is given up. */
  readonly pingMs: number;
  readonly connectMs: number;
}

/** More than that on one connection would make one lost packet everybody's. The server may allow fewer. */
const MAX_STREAMS = 250;
const MAX_STREAMS_UNTIL_TOLD = 100;
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;

/**
 * HTTP/2 over TLS: hundreds of watches (one for each referenced Secret) on a few connections. Where the server chooses
 * HTTP/1.1 in the handshake, and where a proxy stands between, it is a connection a watch.
 */
export class Http2Transport implements Transport {
  readonly #options: Http2TransportOptions;
  readonly #http1 = new Http1Transport();
  readonly #connections = new Set<Connection>();
  /** The one that is being opened: everybody who finds no room waits for the same. */
  #opening: Promise<void> | undefined;
  #speaksHttp1 = false;
  #isClosed = false;

  constructor(options: Http2TransportOptions) {
    this.#options = options;
  }

  async get(access: Access, path: string, signal: AbortSignal): Promise<TransportResponse> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#isClosed) throw new Error('closed');
      const needsHttp1 = access.server.protocol === 'http:' || access.proxyAgent !== undefined;
      if (needsHttp1 || this.#speaksHttp1) return this.#http1.get(access, path, signal);
      const connection = [...this.#connections].find(({ hasRoom }) => hasRoom);
      if (connection !== undefined) return connection.get(access, path, signal);
      this.#opening ??= this.#open(access).finally(() => {
        this.#opening = undefined;
      });
      await this.#opening;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#http1.close();
    for (const connection of this.#connections) connection.destroy();
  }

  async #open(access: Access): Promise<void> {
    const socket = await connectTls(access, this.#options.connectMs);
    if (socket.alpnProtocol !== 'h2') {
      this.#speaksHttp1 = true;
      socket.destroy();
      return;
    }
    const connection = new Connection(access.server, socket, this.#options.pingMs, () => {
      this.#connections.delete(connection);
    });
    if (this.#isClosed) connection.destroy();
    else this.#connections.add(connection);
  }
}

async function connectTls(access: Access, connectMs: number): Promise<tls.TLSSocket> {
  const { hostname, port } = access.server;
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const socket = tls.connect({
    ...access.tls,
    host,
    port: port === '' ? 443 : Number(port),
    ...(access.tls.servername === undefined ? serverName(host) : {}),
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(connectMs) });
  } catch (error) {
    socket.on('error', () => undefined).destroy();
    throw error instanceof Error && error.name === 'AbortError'
      ? new Error('connection timed out', { cause: error })
      : error;
  }
  socket.setKeepAlive(true, 30_000);
  return socket;
}

/** RFC 6066 §3: no literal addresses. */
function serverName(host: string): { servername?: string } {
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host };
}

/** One HTTP/2 connection, pinged, with what is under way on it. */
class Connection {
  readonly #session: http2.ClientHttp2Session;
  readonly #pinging: NodeJS.Timeout;
  readonly #onUnusable: () => void;
  #streams = 0;

  constructor(server: URL, socket: tls.TLSSocket, pingMs: number, onUnusable: () => void) {
    this.#onUnusable = onUnusable;
    this.#session = http2.connect(server, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
    });
    this.#session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    this.#pinging = this.#startPinging(pingMs);
    this.#session.on('error', () => undefined); // each stream of it hears of it too
    this.#session.once('goaway', onUnusable);
    this.#session.once('close', () => {
      clearInterval(this.#pinging);
      onUnusable();
    });
  }

  get hasRoom(): boolean {
    const allowed = this.#session.remoteSettings.maxConcurrentStreams ?? MAX_STREAMS_UNTIL_TOLD;
    const isOpen = !this.#session.closed && !this.#session.destroyed;
    return isOpen && this.#streams < Math.min(allowed, MAX_STREAMS);
  }

  async get(access: Access, path: string, signal: AbortSignal): Promise<TransportResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<TransportResponse>();
    const stream = this.#session.request(
      {
        ':path': access.server.pathname.replace(/\/$/, '') + path,
        accept: 'application/json',
        ...access.headers,
      },
      { signal, endStream: true },
    );
    this.#streams += 1;
    stream.once('response', (headers) => {
      resolve({ status: headers[':status'] ?? 0, headers, body: stream });
    });
    stream.on('error', reject); // after the head, whoever reads the body hears of it as well
    stream.once('close', () => {
      this.#streams -= 1;
      reject(new Error('connection lost'));
    });
    return promise;
  }

  destroy(reason?: Error): void {
    this.#onUnusable();
    this.#session.destroy(reason);
  }

  /** A connection whose other end vanished says nothing by itself for many minutes. */
  #startPinging(pingMs: number): NodeJS.Timeout {
    let isAnswered = true;
    return setInterval(() => {
      if (!isAnswered) {
        this.destroy(new Error('connection lost: a ping was not answered'));
        return;
      }
      isAnswered = false;
      this.#session.ping(() => {
        isAnswered = true;
      });
    }, pingMs);
  }
}
