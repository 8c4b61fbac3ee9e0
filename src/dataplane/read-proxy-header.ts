import type { Socket } from 'node:net';
import type { Engine } from './engine.ts';
import { parseProxyHeader, type ProxiedClient } from './proxy-protocol.ts';
import { watchOpening } from './watch-opening.ts';

/**
 * Takes the PROXY header off a connection; what follows it can be read from the socket afterwards, which is paused. A
 * connection without one, or whose header is not whole in time, is closed without an answer (routing.md §11).
 */
export function readProxyHeader(
  engine: Engine,
  socket: Socket,
  onHeader: (client: ProxiedClient | undefined) => void,
): void {
  let held: Buffer | undefined;
  const refuse = (): void => {
    engine.stats.limitTripped('proxy-header');
    socket.destroy();
  };
  watchOpening(engine, socket, {
    onTimeout: refuse,
    onData: (chunk, leave) => {
      const bytes = held === undefined ? chunk : Buffer.concat([held, chunk]);
      const header = parseProxyHeader(bytes);
      if (header === undefined) {
        held = bytes;
        return;
      }
      leave();
      if (header === 'malformed') {
        refuse();
        return;
      }
      const rest = bytes.subarray(header.byteLength);
      if (rest.length > 0) socket.unshift(rest);
      onHeader(header.client);
    },
  });
}
