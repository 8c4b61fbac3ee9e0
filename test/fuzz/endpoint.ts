/** The endpoints of a fuzzed proxy, by hand. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { StrictReader, type ReceivedRequest } from '../blackbox/wire/recording-upstream.ts';

export interface Endpoint {
  readonly port: number;
  /** The connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
  readonly close: () => void;
}

/** @param number of the connection, from 1 */
export async function startEndpoint(
  onConnection: (socket: Socket, number: number) => void,
): Promise<Endpoint> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('end', () => socket.end());
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    onConnection(socket, connections);
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The same, of HTTP/1.1: what is no sound request goes to `faults`, and its connection is cut. */
export function startStrictEndpoint(
  faults: string[],
  onRequest: (socket: Socket, request: ReceivedRequest) => void,
): Promise<Endpoint> {
  return startEndpoint((socket, number) => {
    const events = {
      onHead: () => undefined,
      onRequest: (request: ReceivedRequest) => {
        onRequest(socket, request);
      },
      onFault: (text: string) => {
        faults.push(`strict upstream: ${text}`);
        socket.destroy();
      },
    };
    const reader = new StrictReader(number, {}, events);
    socket.on('data', (chunk) => {
      reader.read(chunk.toString('latin1'));
    });
  });
}
