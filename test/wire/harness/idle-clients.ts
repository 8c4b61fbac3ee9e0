/**
 * `node idle-clients.ts PORT COUNT`: opens COUNT connections from some addresses of loopback, asks once on each, prints
 * `open COUNT` and keeps them; prints `closed N` when one is closed. Ends with its standard input.
 */
import { once } from 'node:events';
import { connect } from 'node:net';

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
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
  socket.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
  await once(socket, 'data');
}
