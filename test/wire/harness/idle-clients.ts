/**
 * `node idle-clients.ts PORT COUNT http/1.1|h2`: opens COUNT connections from some addresses of loopback, asks once on each, prints
 * `open COUNT` and keeps them; prints `closed N` when one is closed. Ends with its standard input.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { CLIENT_PREFACE, Flag, FrameType } from '../../../src/dataplane/http2/frames.ts';
import { FrameClient, frame, get, headers, settings } from '../../http2/frame-client.ts';

const [port = 0, count = 0] = process.argv.slice(2, 4).map(Number);
const protocol = process.argv[4];
const IN_FLIGHT = 100;
const PER_ADDRESS = 5_000;

let closed = 0;
for (let from = 0; from < count; from += IN_FLIGHT) {
  const indexes = Array.from({ length: Math.min(IN_FLIGHT, count - from) }, (_, at) => from + at);
  await Promise.all(indexes.map(open));
}
console.log(`open ${count}`);
process.stdin.resume().on('end', () => process.exit());

async function open(index: number): Promise<void> {
  const localAddress = `127.0.1.${1 + Math.floor(index / PER_ADDRESS)}`;
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    closed += 1;
    console.log(`closed ${closed}`);
  });
  if (protocol === 'h2') await askOverHttp2(socket);
  else await ask(socket);
}

async function ask(socket: Socket): Promise<void> {
  socket.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
  await once(socket, 'data');
}

/** By prior knowledge. */
async function askOverHttp2(socket: Socket): Promise<void> {
  const client = new FrameClient(socket);
  client.send(Buffer.from(CLIENT_PREFACE, 'latin1'), settings(), headers(1, get('/')));
  const { status, isWhole } = await client.answer(1);
  if (status !== 200 || !isWhole) throw new Error(`answered with ${status}`);
  client.send(frame(FrameType.Settings, Flag.Ack, 0));
}
