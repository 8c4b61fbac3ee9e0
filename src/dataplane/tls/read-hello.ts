import type { Socket } from 'node:net';
import type { Engine } from '../engine.ts';
import { Timer } from '../timer-wheel.ts';
import { ClientHelloReader, type ClientHello } from './client-hello.ts';

/** Fatal alert 50, decode_error (RFC 8446 §6.2), in a record of its own. */
const DECODE_ERROR = Buffer.from([0x15, 3, 3, 0, 2, 2, 50]);

/**
 * Reads a connection's ClientHello and puts it back; the socket is paused then. A client whose hello is not whole in time is
 * closed, one whose hello is broken or endless gets an alert.
 */
export function readHello(
  { wheel, clock, table, stats }: Engine,
  socket: Socket,
  onHello: (hello: ClientHello) => void,
): void {
  const reader = new ClientHelloReader();
  const timer = new Timer(wheel, () => {
    stats.limitTripped('client-hello-timeout');
    socket.destroy();
  });
  timer.set(clock.nowMs + table.settings.client.headMs);
  const onData = (chunk: Buffer): void => {
    clock.update();
    const hello = reader.push(chunk);
    if (hello === 'incomplete') return;
    leave();
    socket.pause();
    if (hello === 'malformed') {
      stats.limitTripped('client-hello');
      socket.end(DECODE_ERROR, () => socket.destroy());
      return;
    }
    socket.unshift(reader.received);
    onHello(hello);
  };
  const onEnd = (): void => {
    socket.destroy();
  };
  const leave = (): void => {
    timer.remove();
    socket.off('data', onData);
    socket.off('end', onEnd);
    socket.off('close', leave);
  };
  socket.on('data', onData);
  socket.on('end', onEnd);
  socket.on('close', leave);
  socket.resume();
}
