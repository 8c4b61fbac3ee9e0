/** Both ends of a WebSocket, by the `ws` package: a peer that the proxy did not grow up with. */
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { WebSocket, WebSocketServer, type ClientOptions, type ServerOptions } from 'ws';
import type { Endpoint } from '../../../src/model/config.ts';

export interface WebSocketEndpoint {
  readonly endpoint: Endpoint;
  readonly server: WebSocketServer;
}

/** A WebSocket server on 127.0.0.1. */
export async function startWebSocketEndpoint(
  t: TestContext,
  onSocket: (socket: WebSocket) => void,
  options: ServerOptions = {},
): Promise<WebSocketEndpoint> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  t.after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return { endpoint: { address: '127.0.0.1', port: address.port }, server };
}

/** Sends back whatever it gets, text as text. */
export function echo(socket: WebSocket): void {
  socket.on('message', (data, isBinary) => {
    socket.send(data, { binary: isBinary });
  });
}

/** An open WebSocket to `app.test` at this port of a proxy. */
export async function openWebSocket(
  t: TestContext,
  port: number,
  options: ClientOptions & { readonly secure?: boolean; readonly protocols?: string[] } = {},
): Promise<WebSocket> {
  const { secure = false, protocols = [], ...rest } = options;
  const socket = new WebSocket(`${secure ? 'wss' : 'ws'}://127.0.0.1:${port}/chat`, protocols, {
    perMessageDeflate: false,
    rejectUnauthorized: false,
    ...rest,
    headers: { host: 'app.test' },
  });
  t.after(() => {
    socket.terminate();
  });
  await once(socket, 'open');
  socket.on('error', () => undefined);
  return socket;
}

export async function nextMessage(socket: WebSocket): Promise<{ data: Buffer; isBinary: boolean }> {
  const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean];
  return { data, isBinary };
}

/** How it was closed. */
export async function nextClose(socket: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return { code, reason: reason.toString() };
}
