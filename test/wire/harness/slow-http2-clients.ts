/**
 * `node slow-http2-clients.ts PORT COUNT`: opens COUNT connections of each kind (by prior knowledge), prints `open` and the
 * number of all, and goes on slowly; on a line of standard input it falls silent. Prints `closed` when the last was closed.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { CLIENT_PREFACE, Flag, FrameType, SettingId } from '../../../src/dataplane/http2/frames.ts';
import {
  data,
  frame,
  get,
  headerBlock,
  headers,
  request,
  settings,
} from '../../http2/frame-client.ts';

interface SlowKind {
  readonly first: Buffer;
  /** Sent again and again; undefined: nothing. */
  readonly piece: Buffer | undefined;
}

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
const IN_FLIGHT = 100;
/** A client sends a piece so often. */
const EVERY_MS = 3_000;
const TICK_MS = 50;
const PREFACE = Buffer.from(CLIENT_PREFACE, 'latin1');
const HALF_HEAD = frame(FrameType.Headers, Flag.EndStream, 1, headerBlock(get('/')));

const KINDS: readonly SlowKind[] = [
  {
    first: Buffer.concat([PREFACE, settings(), HALF_HEAD]),
    piece: frame(FrameType.Continuation, 0, 1, headerBlock([['x-slow', 'a']])),
  },
  {
    first: Buffer.concat([
      PREFACE,
      settings(),
      headers(1, request('POST', '/', ['content-length', '500000']), false),
    ]),
    piece: data(1, 'x'),
  },
  {
    first: Buffer.concat([
      PREFACE,
      settings([SettingId.InitialWindowSize, 0]),
      headers(1, get('/page')),
    ]),
    piece: undefined,
  },
];

const senders: { readonly socket: Socket; readonly piece: Buffer }[] = [];
let closed = 0;
let next = 0;
for (const { first, piece } of KINDS) {
  for (let from = 0; from < count; from += IN_FLIGHT) {
    const sockets = Array.from({ length: Math.min(IN_FLIGHT, count - from) }, () => open(first));
    if (piece !== undefined) senders.push(...sockets.map((socket) => ({ socket, piece })));
    // The proxy's SETTINGS.
    await Promise.all(sockets.map((socket) => once(socket, 'data')));
  }
}
console.log(`open ${count * KINDS.length}`);
const timer = setInterval(sendSome, TICK_MS);

process.stdin.once('data', () => {
  clearInterval(timer);
});

function open(first: Buffer): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.on('data', () => undefined);
  socket.on('close', () => {
    closed += 1;
    if (closed === count * KINDS.length) console.log('closed');
  });
  socket.write(first);
  return socket;
}

/** To those whose turn it is, so that each has one in `EVERY_MS`. */
function sendSome(): void {
  const most = Math.ceil((senders.length * TICK_MS) / EVERY_MS);
  for (let sent = 0; sent < most; sent++) {
    const sender = senders[next++ % senders.length];
    if (sender?.socket.writable === true) sender.socket.write(sender.piece);
  }
}
