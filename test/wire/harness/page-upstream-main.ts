/** An endpoint in a process of its own: `/page` is long, all else short; both wait for the whole request. Prints its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const page = Buffer.alloc(512 * 1024, 'x');
const server = createServer((request, response) => {
  request.resume();
  request.on('error', () => undefined);
  request.on('end', () => response.end(request.url === '/page' ? page : 'hello'));
});
server.listen(0, '127.0.0.1', () => {
  console.log(`port ${(server.address() as AddressInfo).port}`);
});
