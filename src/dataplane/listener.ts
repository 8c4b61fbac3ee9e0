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

export interface ListenerOptions {
  readonly scheme: 'http' | 'https';
  readonly bind: string;
  /** 0: any free one. */
  readonly port: number;
  readonly reusePort: boolean;
}

/** What becomes of connections; `socket` is plaintext, whatever it was before. */
export interface ListenerEvents {
  /** A connection came; false: there are too many, it is closed. */
  onAccept(socket: Socket): boolean;
  onConnection(socket: Socket, peer: ClientPeer): void;
  /** Somebody speaks plain HTTP on the https port. */
  onPlaintext(socket: Socket, peer: ClientPeer): void;
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
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#onAccept(socket);
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
    this.#tlsServer = createTlsServer({
      ...table.tls.serverOptions(),
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: table.settings.client.headMs,
      allowHalfOpen: true,
      SNICallback: (name, done) => {
        const context = table.tls.secureContextFor(name);
        if (context === 'reject') done(new Error('no certificate for this name'));
        else done(null, context);
      },
    });
    this.#tlsServer.on('secureConnection', (socket: TLSSocket) => {
      const address = plainAddress(socket.remoteAddress ?? '');
      this.#events.onConnection(socket, new ClientPeer(address, 'https', HTTPS_PORT));
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

  #onAccept(socket: Socket): void {
    this.#engine.clock.update();
    socket.on('error', () => undefined);
    if (!this.#events.onAccept(socket)) return;
    const address = plainAddress(socket.remoteAddress ?? '');
    if (address === '') {
      // Already gone.
      socket.destroy();
    } else if (this.#options.scheme === 'http') {
      this.#events.onConnection(socket, new ClientPeer(address, 'http', this.#portText));
    } else {
      guardPlaintext(this.#engine, socket, (isTls) => {
        if (isTls) this.#tlsServer?.emit('connection', socket);
        else this.#events.onPlaintext(socket, new ClientPeer(address, 'http', HTTPS_PORT));
      });
    }
  }
}
