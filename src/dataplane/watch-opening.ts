import type { Socket } from 'node:net';
import type { Engine } from './engine.ts';
import { Timer } from './timer-wheel.ts';

export interface OpeningWatcher {
  /** `leave`: enough was read; the socket is paused, and what is put back can be read by who goes on. */
  onData(chunk: Buffer, leave: () => void): void;
  /** It was not enough within the time of a head. */
  onTimeout(): void;
}

/** Reads what a connection begins with. A client that sends no more before that is whole is closed. */
export function watchOpening(
  { wheel, clock, table }: Engine,
  socket: Socket,
  watcher: OpeningWatcher,
): void {
  const timer = new Timer(wheel, () => {
    watcher.onTimeout();
  });
  timer.set(clock.nowMs + table.settings.client.headMs);
  const onData = (chunk: Buffer): void => {
    clock.update();
    watcher.onData(chunk, leave);
  };
  const onEnd = (): void => {
    socket.destroy();
  };
  const leave = (): void => {
    timer.remove();
    socket.pause();
    socket.off('data', onData);
    socket.off('end', onEnd);
    socket.off('close', leave);
  };
  socket.on('data', onData);
  socket.on('end', onEnd);
  socket.on('close', leave);
  // Whoever watched before has paused it.
  socket.resume();
}
