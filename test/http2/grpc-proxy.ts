/** What tests of HTTP/2 to endpoints have in common. Without more it is HTTP/1.1 clients that ask. */
import { once } from 'node:events';
import type { Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { FrameType } from '../../src/dataplane/http2/frames.ts';
import type { Endpoint } from '../../src/model/config.ts';
import { connectClient, type RawAnswer } from '../blackbox/harness/raw-client.ts';
import {
  startProxy,
  type ProxyOptions,
  type RouteOptions,
  type RunningProxy,
} from '../blackbox/harness/start-proxy.ts';
import type { RawPeer } from './raw-endpoint.ts';

export const GET = 'GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n';
export const POST = 'POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 4\r\n\r\nbody';

export function startGrpcProxy(
  t: TestContext,
  upstreams: readonly Endpoint[],
  { route = {}, ...options }: ProxyOptions & { readonly route?: RouteOptions } = {},
): Promise<RunningProxy> {
  const virtualHosts = [{ name: 'app.test', routes: [route] }];
  return startProxy(t, { upstreams, protocol: 'grpc', virtualHosts, ...options });
}

export async function ask(t: TestContext, proxy: RunningProxy, request = GET): Promise<RawAnswer> {
  const client = await connectClient(t, proxy.httpPort);
  client.write(request);
  return client.readAnswer();
}

/** Answers every stream with its id. */
async function serve(peer: RawPeer): Promise<void> {
  for (;;) {
    const { streamId } = await peer.next(FrameType.Headers);
    peer.head(streamId, [[':status', '200']]);
    peer.data(streamId, String(streamId), 'end');
  }
}

/** `serve` until the connection ends. */
export async function serveToEnd(peer: RawPeer): Promise<void> {
  await serve(peer).catch(() => undefined);
}

export async function startHttp2(
  t: TestContext,
  server: Http2Server,
): Promise<{ readonly endpoint: Endpoint; readonly sessions: () => number }> {
  let sessions = 0;
  server.on('session', () => {
    sessions += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { endpoint: { address: '127.0.0.1', port }, sessions: () => sessions };
}

export function dataOf(peer: RawPeer | undefined): Buffer[] {
  const frames = peer?.frames ?? [];
  return frames.filter(({ type }) => type === FrameType.Data).map(({ payload }) => payload);
}

/** The first connection of the proxy's. */
export async function connected(peers: readonly RawPeer[]): Promise<RawPeer> {
  for (;;) {
    const [peer] = peers;
    if (peer !== undefined) return peer;
    await new Promise(setImmediate);
  }
}
