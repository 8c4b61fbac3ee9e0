import type { Socket } from 'node:net';
import type { Engine } from './engine.ts';
import type { ClientPeer } from './origin.ts';

/** One client's connection, whatever it speaks. */
export interface ClientSession {
  /** Absent: it is not known yet what is spoken, or it is not for us. */
  readonly peer?: ClientPeer;
  /** Nothing begins on it any more: closes it when what runs has ended, at once if nothing does. */
  drain(): void;
}

/** Where a connection is counted. */
export interface ConnectionHome {
  /** All that was to be sent is with the kernel, and nothing follows. May come twice. */
  onConnectionDone(session: ClientSession): void;
}

/** The client connections of a worker: how many, which, and when the last one is done. */
export class Connections implements ConnectionHome {
  readonly #engine: Engine;
  /** What `maxConnections: auto` stands for. */
  readonly #autoLimit: number;
  readonly #sockets = new Set<Socket>();
  /** Those that may still send something. */
  readonly #busy = new Set<ClientSession>();
  #onIdle: (() => void) | undefined;

  constructor(engine: Engine, autoLimit: number) {
    this.#engine = engine;
    this.#autoLimit = autoLimit;
  }

  /** False: there are as many as there may be, or no memory for more. */
  accept(socket: Socket): boolean {
    const { table, stats, pressure } = this.#engine;
    if (pressure === 'critical') {
      stats.limitTripped('overload');
      socket.destroy();
      return false;
    }
    const { maxConnections } = table.settings.client;
    const limit = maxConnections === 'auto' ? this.#autoLimit : maxConnections;
    if (this.#sockets.size >= limit) {
      stats.limitTripped('connections');
      socket.destroy();
      return false;
    }
    this.#sockets.add(socket);
    stats.connectionOpened();
    socket.on('close', () => {
      this.#sockets.delete(socket);
      stats.connectionClosed();
      this.#check();
    });
    return true;
  }

  add(session: ClientSession): void {
    this.#busy.add(session);
  }

  onConnectionDone(session: ClientSession): void {
    this.#busy.delete(session);
    this.#check();
  }

  /** Closes what is idle; resolves when nothing is to be sent to anybody any more. */
  drain(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#onIdle = () => {
      resolve(undefined);
    };
    for (const session of [...this.#busy]) session.drain();
    this.#check();
    return promise;
  }

  /** Drains those of which it holds; the others are not touched. */
  drainWhere(isOver: (peer: ClientPeer) => boolean): void {
    for (const session of [...this.#busy]) {
      if (session.peer !== undefined && isOver(session.peer)) session.drain();
    }
  }

  destroy(): void {
    for (const socket of [...this.#sockets]) socket.destroy();
  }

  #check(): void {
    if (this.#busy.size === 0) this.#onIdle?.();
  }
}
