import type { Socket } from 'node:net';
import type { Engine } from '../engine.ts';
import { watchOpening } from '../watch-opening.ts';
import { ClientHelloReader, type ClientHello } from './client-hello.ts';

/** First byte of a TLS record that carries a handshake message; no HTTP request begins with it. */
const TLS_HANDSHAKE = 0x16;
/** Fatal alert 50, decode_error (RFC 8446 §6.2), in a record of its own. */
const DECODE_ERROR = Buffer.from([0x15, 3, 3, 0, 2, 2, 50]);

export interface OpeningEvents {
  onHello(hello: ClientHello): void;
  /** Whoever speaks plain HTTP there gets an answer that it can read. */
  onPlaintext(): void;
}

/**
 * Reads what a connection on the https port begins with and puts it back; the socket is paused then. A client that has not
 * said its hello in time is closed, one whose hello is broken or endless gets an alert.
 */
export function readOpening(engine: Engine, socket: Socket, events: OpeningEvents): void {
  const { stats } = engine;
  let reader: ClientHelloReader | undefined;
  watchOpening(engine, socket, {
    onTimeout: () => {
      stats.limitTripped('client-hello-timeout');
      socket.destroy();
    },
    onData: (chunk, leave) => {
      if (reader === undefined && chunk[0] !== TLS_HANDSHAKE) {
        leave();
        socket.unshift(chunk);
        events.onPlaintext();
        return;
      }
      reader ??= new ClientHelloReader();
      const hello = reader.push(chunk);
      if (hello === 'incomplete') return;
      leave();
      if (hello === 'malformed') {
        stats.limitTripped('client-hello');
        socket.end(DECODE_ERROR, () => socket.destroy());
        return;
      }
      socket.unshift(reader.received);
      events.onHello(hello);
    },
  });
}
