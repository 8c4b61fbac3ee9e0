import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';

export interface SocketEvents {
  readonly clock: Clock;
  onDrain(): void;
  /** Bytes wait, and none of them left for as long as was allowed. */
  onStall(): void;
  /** The peer sends no more. */
  onEnd(): void;
  /** All that was written is with the kernel, and nothing follows. */
  onFinish(): void;
  onClose(): void;
  /** One of these threw. */
  onDefect(error: unknown): void;
}

/** Listeners are the same for all sockets, and find here whom they tell: closures for each would be a part of what an idle connection costs. */
const WATCH = Symbol('watch');

interface Watched extends Socket {
  [WATCH]?: SocketEvents;
}

/** Tells a connection of its socket, but for what is read. */
export function watchSocket(socket: Socket, events: SocketEvents): void {
  (socket as Watched)[WATCH] = events;
  socket.on('drain', onDrain);
  socket.on('timeout', onTimeout);
  socket.on('end', onEnd);
  socket.on('finish', onFinish);
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

function onFinish(this: Watched): void {
  tell(this, 'onFinish');
}

function onClose(this: Watched): void {
  tell(this, 'onClose');
}

function onError(): void {
  return;
}

function tell(
  { [WATCH]: events }: Watched,
  event: 'onDrain' | 'onStall' | 'onEnd' | 'onFinish' | 'onClose',
): void {
  if (events === undefined) return;
  events.clock.update();
  try {
    events[event]();
  } catch (error) {
    events.onDefect(error);
  }
}
