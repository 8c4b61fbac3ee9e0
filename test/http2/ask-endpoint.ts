import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { FrameType } from '../../src/dataplane/http2/frames.ts';
import { connectClient, type RawClient } from '../blackbox/harness/raw-client.ts';
import { startProxy, type RunningProxy } from '../blackbox/harness/start-proxy.ts';
import { startRawEndpoint, type RawPeer } from './raw-endpoint.ts';

export const GET = 'GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n';

/** Has an HTTP/1.1 client ask an HTTP/2 endpoint, which does `onStream` and is tried once. Resolves when the exchange is over. */
export async function ask(
  t: TestContext,
  onStream: (peer: RawPeer, streamId: number) => void,
  request = GET,
): Promise<{ readonly client: RawClient; readonly proxy: RunningProxy; readonly peer: RawPeer }> {
  const { endpoint, peers } = await startRawEndpoint(t, async (peer) => {
    const { streamId } = await peer.next(FrameType.Headers);
    onStream(peer, streamId);
  });
  const proxy = await startProxy(t, {
    upstreams: [endpoint],
    protocol: 'grpc',
    virtualHosts: [{ name: 'app.test', routes: [{ retry: { attempts: 1 } }] }],
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(request);
  await proxy.nextRecord();
  const [peer] = peers;
  assert.ok(peer);
  return { client, proxy, peer };
}
