import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

interface Wrapped {
  readonly _parent?: unknown;
}

/**
 * Ends a connection so that its peer can't take what it has for the whole: with a reset. Over TLS an end without
 * `close_notify` should say the same, but many clients overlook that (RFC 8446 §6.1), so the TCP below is reset there, too.
 * That has no public name; where there is none, the missing `close_notify` must do.
 */
export function resetSocket(socket: Socket): void {
  const carrier = socket instanceof TLSSocket ? (socket as Wrapped)._parent : socket;
  if (carrier instanceof Socket) carrier.resetAndDestroy();
  socket.destroy();
}
