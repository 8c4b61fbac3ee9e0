import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type Server as TlsServer,
  type TLSSocket,
} from 'node:tls';
import { plainAddress } from './client-address.ts';
import type { Engine } from './engine.ts';
import { ClientPeer } from './origin.ts';
import { guardPlaintext } from './plaintext-guard.ts';
import { SocketReader } from './socket-reader.ts';

export interface ListenerOptions {
  readonly scheme: 'http' | 'https';
  readonly bind: string;
  /** 0: any free one. */
  readonly port: number;
  readonly reusePort: boolean;
}

export type ClientProtocol = 'http/1.1' | 'h2' | 'unknown';

/** What becomes of connections; `socket` is plaintext, whatever it was before. */
export interface ListenerEvents {
  /** A connection came; false: there are too many, it is closed. */
  onAccept(socket: Socket): boolean;
  /** `protocol`: as agreed by ALPN; `unknown`: the first bytes tell. */
  onConnection(reader: SocketReader, peer: ClientPeer, protocol: ClientProtocol): void;
  /** Somebody speaks plain HTTP on the https port. */
  onPlaintext(reader: SocketReader, peer: ClientPeer): void;
}

/** What X-Forwarded-Port says on the https listener, whatever its number (routing.md §10.2). */
const HTTPS_PORT = '443';

/** A bound port. */
export class Listener {
  readonly #engine: Engine;
  readonly #options: ListenerOptions;
  readonly #events: ListenerEvents;
  readonly #server: Server;
  /** Not listening: it is handed connections whose first byte was seen. */
  #tlsServer: TlsServer | undefined;
  #portText: string;

  constructor(engine: Engine, options: ListenerOptions, events: ListenerEvents) {
    this.#engine = engine;
    this.#options = options;
    this.#events = events;
    this.#portText = String(options.port);
    const pauseOnConnect = options.scheme === 'http';
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect });
    this.#server = server.on('connection', (socket) => {
      this.#engine.clock.update();
      socket.on('error', () => undefined);
      if (options.scheme === 'http') this.#onPlainSocket(socket);
      else this.#onTlsSocket(socket);
    });
    this.updateTls();
  }

  /** Resolves with the bound port; rejects when it can't be had. */
  listen(): Promise<number> {
    const { bind, port, reusePort } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.once('error', reject);
    this.#server.listen({ host: bind, port, reusePort }, () => {
      this.#server.off('error', reject);
      this.#server.on('error', (error) => {
        this.#engine.log.error({ err: error }, 'listener failed');
      });
      const bound = (this.#server.address() as AddressInfo).port;
      this.#portText = String(bound);
      resolve(bound);
    });
    return promise;
  }

  /** New handshakes follow the table's present certificates and settings; connections that stand are not touched. */
  updateTls(): void {
    if (this.#options.scheme === 'http') return;
    const { table, stats } = this.#engine;
    const { http2Streams, headMs } = table.settings.client;
    this.#tlsServer = createTlsServer({
      ...table.tls.serverOptions(),
      ALPNProtocols: http2Streams === 'off' ? ['http/1.1'] : ['h2', 'http/1.1'],
      handshakeTimeout: headMs,
      allowHalfOpen: true,
      SNICallback: (name, done) => {
        const context = table.tls.secureContextFor(name);
        if (context === 'reject') done(new Error('no certificate for this name'));
        else done(null, context);
      },
    });
    this.#tlsServer.on('secureConnection', (socket: TLSSocket) => {
      const peer = new ClientPeer(addressOf(socket), 'https', HTTPS_PORT);
      const protocol = socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1';
      this.#events.onConnection(new SocketReader(socket), peer, protocol);
    });
    this.#tlsServer.on('tlsClientError', (error, socket) => {
      if ('code' in error && error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT') {
        stats.limitTripped('client-hello-timeout');
      }
      socket.destroy();
    });
  }

  close(): void {
    this.#server.close();
  }

  #onPlainSocket(accepted: Socket): void {
    const reader = new SocketReader(accepted, 'adopt');
    const { socket } = reader;
    const peer = new ClientPeer(addressOf(socket), 'http', this.#portText);
    if (this.#events.onAccept(socket)) this.#events.onConnection(reader, peer, 'unknown');
  }

  #onTlsSocket(socket: Socket): void {
    if (!this.#events.onAccept(socket)) return;
    guardPlaintext(this.#engine, socket, (isTls) => {
      const peer = new ClientPeer(addressOf(socket), 'http', HTTPS_PORT);
      if (isTls) this.#tlsServer?.emit('connection', socket);
      else this.#events.onPlaintext(new SocketReader(socket), peer);
    });
  }
}

/** Empty where the client is gone already. */
function addressOf(socket: Socket): string {
  return plainAddress(socket.remoteAddress ?? '');
}
