import type { Socket } from 'node:net';
import type { Engine } from './engine.ts';
import { Timer } from './timer-wheel.ts';

/** First byte of a TLS record that carries a handshake message; no HTTP request begins with it. */
const TLS_HANDSHAKE = 0x16;

/**
 * Looks at the first byte on the https port and puts it back: a client that speaks plain HTTP there gets an answer that it
 * can read. A client that says nothing in time is closed.
 */
export function guardPlaintext(
  { wheel, clock, table, stats }: Engine,
  socket: Socket,
  onKnown: (isTls: boolean) => void,
): void {
  const timer = new Timer(wheel, () => {
    stats.limitTripped('client-hello-timeout');
    socket.destroy();
  });
  timer.set(clock.nowMs + table.settings.client.headMs);
  socket.once('close', () => {
    timer.remove();
  });
  const onEnd = (): void => {
    socket.destroy();
  };
  socket.once('end', onEnd);
  socket.once('data', (chunk: Buffer) => {
    clock.update();
    timer.remove();
    socket.pause();
    socket.off('end', onEnd);
    socket.unshift(chunk);
    onKnown(chunk[0] === TLS_HANDSHAKE);
  });
  // Whoever read a PROXY header before paused it.
  socket.resume();
}
