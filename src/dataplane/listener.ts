import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Server as TlsServer, TLSSocket } from 'node:tls';
import { takeHandles, type AcceptedHandle } from './accepted-handle.ts';
import { plainAddress } from './client-address.ts';
import type { Engine } from './engine.ts';
import { ClientPeer, type ClientHandshake } from './origin.ts';
import type { PassthroughClient } from './passthrough/passthrough-connection.ts';
import type { ProxiedClient } from './proxy-protocol.ts';
import { readProxyHeader } from './read-proxy-header.ts';
import type { CompiledPassthrough } from './router/compiled-host.ts';
import { SocketReader } from './socket-reader.ts';
import { readOpening } from './tls/read-opening.ts';

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
  /** An endpoint terminates the TLS of this connection. */
  onPassthrough(client: PassthroughClient, passthrough: CompiledPassthrough): void;
  /** Somebody speaks plain HTTP on the https port. */
  onPlaintext(reader: SocketReader, peer: ClientPeer): void;
}

/** What X-Forwarded-Port says on the https listener, whatever its number (routing.md §10.2). */
const HTTPS_PORT = '443';
const TLS_PORT = 443;

/** Fatal alert 112, unrecognized_name (RFC 6066 §3), in a record of its own. */
const UNRECOGNIZED_NAME = Buffer.from([0x15, 3, 3, 0, 2, 2, 112]);

interface Proxied {
  /** The accepted one, below TLS. */
  readonly socket: Socket;
  readonly client: ProxiedClient;
}

/** A bound port. */
export class Listener {
  readonly #engine: Engine;
  readonly #options: ListenerOptions;
  readonly #events: ListenerEvents;
  readonly #server: Server;
  #portText: string;
  /** Whose connections a load balancer in front hands on, by both ends of the connection. */
  readonly #proxied = new Map<string, Proxied>();

  constructor(engine: Engine, options: ListenerOptions, events: ListenerEvents) {
    this.#engine = engine;
    this.#options = options;
    this.#events = events;
    this.#portText = String(options.port);
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    this.#server = server.on('connection', (socket) => {
      this.#engine.clock.update();
      socket.on('error', () => undefined);
      if (engine.table.settings.forwarded.proxyProtocol) this.#onProxiedSocket(socket);
      else if (!events.onAccept(socket)) return;
      else if (options.scheme === 'http') this.#onPlainReader(new SocketReader(socket));
      else this.#onTlsSocket(socket);
    });
    if (options.scheme === 'https') {
      engine.table.tls.onServer = (tlsServer) => {
        this.#prepareTlsServer(tlsServer);
      };
    }
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
      if (this.#options.scheme === 'http') takeHandles(this.#server, this.#onHandle);
      const bound = (this.#server.address() as AddressInfo).port;
      this.#portText = String(bound);
      resolve(bound);
    });
    return promise;
  }

  #prepareTlsServer(server: TlsServer): void {
    server.on('secureConnection', (socket: TLSSocket) => {
      this.#onSecure(socket, server);
    });
    server.on('tlsClientError', (error, socket) => {
      if ('code' in error && error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT') {
        this.#engine.stats.limitTripped('client-hello-timeout');
      }
      socket.destroy();
    });
  }

  close(): void {
    this.#server.close();
  }

  readonly #onHandle = (accepted: AcceptedHandle): boolean => {
    if (this.#engine.table.settings.forwarded.proxyProtocol) return false;
    this.#engine.clock.update();
    accepted.setNoDelay(true);
    const reader = new SocketReader(accepted);
    if (this.#events.onAccept(reader.socket)) this.#onPlainReader(reader);
    return true;
  };

  #onPlainReader(reader: SocketReader): void {
    const peer = this.#peerOf(reader.socket, 'http', this.#portText);
    this.#events.onConnection(reader, peer, 'unknown');
  }

  #onTlsSocket(socket: Socket): void {
    readOpening(this.#engine, socket, {
      onHello: ({ serverName }) => {
        this.#onHello(socket, serverName);
      },
      onPlaintext: () => {
        const peer = this.#peerOf(socket, 'http', HTTPS_PORT);
        this.#events.onPlaintext(new SocketReader(socket), peer);
      },
    });
  }

  /** Whether TLS ends here, versions, certificates, whether a client is asked for its own: all follows from the name that it asks for. */
  #onHello(socket: Socket, serverName: string): void {
    const { table } = this.#engine;
    const passthrough = table.passthrough(serverName);
    if (passthrough !== undefined) {
      this.#events.onPassthrough({ socket, ends: this.#endsOf(socket), serverName }, passthrough);
      return;
    }
    const server = table.tls.serverFor(serverName);
    if (server === 'reject') {
      socket.end(UNRECOGNIZED_NAME, () => socket.destroy());
      return;
    }
    // Who leaves in the midst of a handshake is gone; after it, a client may end its side and wait for the answer.
    socket.allowHalfOpen = false;
    server.emit('connection', socket);
  }

  #onSecure(socket: TLSSocket, server: TlsServer): void {
    socket.allowHalfOpen = true;
    const { tls, settings } = this.#engine.table;
    const { recordBytes } = settings.tls;
    if (recordBytes !== undefined) socket.setMaxSendFragment(recordBytes);
    const handshake = tls.handshakeOf(socket, server);
    const peer = this.#peerOf(socket, 'https', HTTPS_PORT, handshake);
    const protocol = socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1';
    this.#events.onConnection(new SocketReader(socket), peer, protocol);
  }

  #onProxiedSocket(socket: Socket): void {
    if (!this.#events.onAccept(socket)) return;
    const key = endsKey(socket);
    // A balancer that resets a connection may be back from the same port before that is noticed here.
    this.#proxied.delete(key);
    socket.on('close', () => {
      if (this.#proxied.get(key)?.socket === socket) this.#proxied.delete(key);
    });
    readProxyHeader(this.#engine, socket, (client) => {
      // Whoever is not trusted speaks the protocol, too, and is believed nothing.
      const isTrusted = this.#engine.table.trustedPeers.matches(addressOf(socket));
      if (client !== undefined && isTrusted) this.#proxied.set(key, { socket, client });
      if (this.#options.scheme === 'http') this.#onPlainReader(new SocketReader(socket));
      else this.#onTlsSocket(socket);
    });
  }

  #proxiedOf(socket: Socket): ProxiedClient | undefined {
    return this.#proxied.size === 0 ? undefined : this.#proxied.get(endsKey(socket))?.client;
  }

  #endsOf(socket: Socket): ProxiedClient {
    return (
      this.#proxiedOf(socket) ?? {
        address: addressOf(socket),
        port: socket.remotePort ?? 0,
        destinationAddress: plainAddress(socket.localAddress ?? ''),
        destinationPort: socket.localPort ?? 0,
      }
    );
  }

  #peerOf(
    socket: Socket,
    scheme: 'http' | 'https',
    port: string,
    handshake: ClientHandshake = 'plaintext',
  ): ClientPeer {
    const proxied = this.#proxiedOf(socket);
    if (proxied === undefined) return new ClientPeer(addressOf(socket), scheme, port, handshake);
    // The balancer ended the client's TLS where that came to its port 443 (routing.md §11).
    const isTls = scheme === 'https' || proxied.destinationPort === TLS_PORT;
    return new ClientPeer(
      proxied.address,
      isTls ? 'https' : 'http',
      String(proxied.destinationPort),
      handshake,
    );
  }
}

/** Empty where the client is gone already. */
function addressOf(socket: Socket): string {
  return plainAddress(socket.remoteAddress ?? '');
}

/** No two connections have the same at one time; a TLS socket has that of the one below it. */
function endsKey({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join(' ');
}
