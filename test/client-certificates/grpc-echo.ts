import { once } from 'node:events';
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Endpoint } from '../../src/model/config.ts';

/** Answers over HTTP/2 with the fields that it was sent, as JSON. */
export async function startGrpcEcho(t: TestContext): Promise<Endpoint> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer((request, response) => {
    request.resume();
    response.end(JSON.stringify(request.headers));
  });
  server.on('session', (session) => sessions.add(session));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { address: '127.0.0.1', port };
}
