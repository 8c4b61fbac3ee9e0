/** Servers that stand for a Service's endpoints. */
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

import type { Endpoint } from '../../../src/model/config.ts';
import { wireTap } from './wire-tap.ts';

export interface RunningUpstream<S> {
  readonly endpoint: Endpoint;
  readonly port: number;
  readonly server: S;
  /** Connections accepted so far. */
  connections(): number;
}

/** A `node:http` server on 127.0.0.1. */
export async function startUpstream(
  t: TestContext,
  handler: RequestListener,
): Promise<RunningUpstream<Server>> {
  const server = createHttpServer({ keepAliveTimeout: 60_000 }, handler);
  return listen(t, server, () => {
    server.closeAllConnections();
  });
}

/** A bare TCP server on 127.0.0.1: `onConnection` reads and writes raw bytes. Sockets have an error listener already. */
export async function startRawUpstream(
  t: TestContext,
  onConnection: (socket: Socket) => void,
): Promise<RunningUpstream<NetServer>> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {
      // Proxies reset connections as they please; the test looks at bytes and 'close'.
    });
    socket.on('close', () => sockets.delete(socket));
    tapWrites(socket);
    onConnection(socket);
  });
  return listen(t, server, () => {
    for (const socket of sockets) socket.destroy();
  });
}

/** All of 127/8 is this machine under Linux; elsewhere another test may get the port in the meantime. */
const NOBODYS_ADDRESS = process.platform === 'linux' ? '127.66.66.66' : '127.0.0.1';

/** An endpoint at which nobody listens: connections are refused. */
export async function refusedEndpoint(): Promise<Endpoint> {
  const { port } = await freeEndpoint();
  return { address: NOBODYS_ADDRESS, port };
}

/** One at which somebody may listen soon. */
export async function freeEndpoint(): Promise<Endpoint> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return { address: '127.0.0.1', port };
}

/** What is written to this socket is seen by the tap, if there is one. */
function tapWrites(socket: Socket): void {
  const tap = wireTap();
  if (tap === undefined) return;
  for (const name of ['write', 'end'] as const) {
    const write = socket[name].bind(socket) as (...args: unknown[]) => never;
    socket[name] = (...args: unknown[]) => {
      const [bytes, encoding] = args;
      if (Buffer.isBuffer(bytes)) tap.onUpstreamBytes(socket, bytes);
      else if (typeof bytes === 'string') {
        tap.onUpstreamBytes(socket, Buffer.from(bytes, encoding === 'latin1' ? 'latin1' : 'utf8'));
      }
      return write(...args);
    };
  }
}

async function listen<S extends NetServer>(
  t: TestContext,
  server: S,
  closeConnections: () => void,
): Promise<RunningUpstream<S>> {
  let count = 0;
  server.on('connection', () => {
    count += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    closeConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { endpoint: { address: '127.0.0.1', port }, port, server, connections: () => count };
}
