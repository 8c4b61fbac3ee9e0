import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';

export interface SocketEvents {
  onDrain(): void;
  /** Bytes wait, and none of them left for as long as was allowed. */
  onStall(): void;
  /** The peer sends no more. */
  onEnd(): void;
  onClose(): void;
  /** One of these threw. */
  onDefect(error: unknown): void;
}

/** Listeners are the same for all sockets, and find here whom they tell: closures for each would be a part of what an idle connection costs. */
const WATCH = Symbol('watch');

interface Watched extends Socket {
  [WATCH]?: { readonly clock: Clock; readonly events: SocketEvents };
}

/** Tells a connection of its socket, but for what is read. */
export function watchSocket(socket: Socket, clock: Clock, events: SocketEvents): void {
  (socket as Watched)[WATCH] = { clock, events };
  socket.on('drain', onDrain);
  socket.on('timeout', onTimeout);
  socket.on('end', onEnd);
  socket.on('close', onClose);
  // 'close' follows, and says all that matters.
  socket.on('error', onError);
}

function onDrain(this: Watched): void {
  tell(this, 'onDrain');
}

function onTimeout(this: Watched): void {
  this.setTimeout(0);
  if (this.writableLength > 0) tell(this, 'onStall');
}

function onEnd(this: Watched): void {
  tell(this, 'onEnd');
}

function onClose(this: Watched): void {
  tell(this, 'onClose');
}

function onError(): void {
  return;
}

function tell(
  { [WATCH]: watch }: Watched,
  event: 'onDrain' | 'onStall' | 'onEnd' | 'onClose',
): void {
  if (watch === undefined) return;
  watch.clock.update();
  try {
    watch.events[event]();
  } catch (error) {
    watch.events.onDefect(error);
  }
}
