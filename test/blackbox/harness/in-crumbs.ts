import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** Each byte that is written in a segment of its own. */
export function inCrumbs(socket: Socket): Duplex {
  const duplex = new Duplex({
    read() {
      socket.resume();
    },
    write(chunk: Buffer, _encoding, done) {
      const writeFrom = (at: number): void => {
        if (at === chunk.length) {
          done();
          return;
        }
        socket.write(chunk.subarray(at, at + 1), () => {
          writeFrom(at + 1);
        });
      };
      writeFrom(0);
    },
    final(done) {
      socket.end(done);
    },
  });
  socket.on('data', (chunk: Buffer) => duplex.push(chunk));
  socket.on('end', () => duplex.push(null));
  return duplex;
}
