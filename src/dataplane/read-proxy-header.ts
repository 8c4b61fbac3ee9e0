import type { Socket } from 'node:net';
import type { Engine } from './engine.ts';
import { parseProxyHeader, type ProxiedClient } from './proxy-protocol.ts';
import { Timer } from './timer-wheel.ts';

/**
 * Takes the PROXY header off a connection; what follows it can be read from the socket afterwards, which is paused. A
 * connection without one, or whose header is not whole in time, is closed without an answer (routing.md §11).
 */
export function readProxyHeader(
  { wheel, clock, table, stats }: Engine,
  socket: Socket,
  onHeader: (client: ProxiedClient | undefined) => void,
): void {
  let held: Buffer | undefined;
  const refuse = (): void => {
    stats.limitTripped('proxy-header');
    socket.destroy();
  };
  const timer = new Timer(wheel, refuse);
  timer.set(clock.nowMs + table.settings.client.headMs);
  const onData = (chunk: Buffer): void => {
    clock.update();
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
    socket.pause();
    const rest = bytes.subarray(header.byteLength);
    if (rest.length > 0) socket.unshift(rest);
    onHeader(header.client);
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
