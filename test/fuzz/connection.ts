import { connect, type Socket } from 'node:net';
import type { FuzzStream } from './stream.ts';

/** How long a connection whose client has ended may live: nothing is left to wait for. */
const LONGEST_MS = 10_000;
const LINGER_MS = 5;

export interface Heard {
  /** latin1. */
  readonly text: string;
  /** `cut`: by a reset, from whichever side. */
  readonly end: 'end' | 'cut' | 'never';
}

/** Each stream comes from an address of its own, by which the upstream tells whose request it sees. */
export function addressOf(stream: number): string {
  const number = stream % 0x3f_ffff;
  return `127.${64 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
}

/** Says all on a connection of its own, and hears what comes until the other side ends. */
export async function talk(
  port: number,
  localAddress: string,
  stream: FuzzStream,
  longestMs: number = LONGEST_MS,
): Promise<Heard> {
  const socket = connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true });
  socket.setNoDelay(true);
  const parts: Buffer[] = [];
  let end: Heard['end'] = 'end';
  socket.on('data', (chunk: Buffer) => parts.push(chunk));
  socket.on('error', () => (end = 'cut'));
  const timer = setTimeout(() => {
    end = 'never';
    socket.destroy();
  }, longestMs);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), closed]);
  await say(socket, stream);
  await closed;
  clearTimeout(timer);
  return { text: Buffer.concat(parts).toString('latin1'), end };
}

/** Writes the pieces, one a turn, and ends as the stream says. */
export async function say(socket: Socket, { pieces, ending, deafMs }: FuzzStream): Promise<void> {
  if (deafMs !== undefined) beDeaf(socket, deafMs);
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await new Promise((resolve) => setImmediate(resolve));
    if (socket.destroyed || !socket.writable) break;
    socket.write(piece);
  }
  if (ending === 'reset') {
    socket.resetAndDestroy();
    return;
  }
  if (ending === 'linger') await new Promise((resolve) => setTimeout(resolve, LINGER_MS));
  if (!socket.destroyed) socket.end();
}

function beDeaf(socket: Socket, ms: number): void {
  socket.pause();
  setTimeout(() => socket.resume(), ms);
}
