import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Guard } from '../guard.ts';

export interface SocketEvents {
  onDrain(): void;
  /** Bytes wait, and none of them left for as long as was allowed. */
  onStall(): void;
  /** The peer sends no more. */
  onEnd(): void;
  onClose(): void;
}

/** Tells a connection of its socket, but for what is read. */
export function watchSocket(
  socket: Socket,
  clock: Clock,
  guard: Guard,
  events: SocketEvents,
): void {
  const on = (event: string, listener: () => void): void => {
    socket.on(
      event,
      guard(() => {
        clock.update();
        listener();
      }),
    );
  };
  on('drain', () => {
    events.onDrain();
  });
  on('timeout', () => {
    socket.setTimeout(0);
    if (socket.writableLength > 0) events.onStall();
  });
  on('end', () => {
    events.onEnd();
  });
  on('close', () => {
    events.onClose();
  });
  // 'close' follows, and says all that matters.
  socket.on('error', () => undefined);
}
