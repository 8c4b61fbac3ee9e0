/** Hosts whose TLS endpoints terminate, and who comes to them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { TLSSocket } from 'node:tls';
import type { Endpoint, Passthrough } from '../../../src/model/config.ts';
import { helloMessage, inOneRecord, nameExtension } from '../../unit/sample-client-hello.ts';
import { RawClient } from './raw-client.ts';
import { selfSignedCertificate } from './self-signed.ts';
import { startProxy, type ProxyOptions, type RunningProxy } from './start-proxy.ts';
import { startRawUpstream } from './upstream.ts';

/** The proxy's own. */
export const ownCertificate = selfSignedCertificate('default', ['proxy.test']);
/** Asks for `pass.test`. */
export const HELLO_MESSAGE = helloMessage([nameExtension('pass.test')]);
export const HELLO = inOneRecord(HELLO_MESSAGE);
const usual: Passthrough = {
  cluster: 'main',
  connectMs: 5_000,
  idleMs: 60_000,
  attempts: 3,
  withinMs: 'none',
};

/** `pass.test`, which is passed through, and others, which are not. */
export function passthroughHosts(
  passthrough: Partial<Passthrough> = {},
): NonNullable<ProxyOptions['virtualHosts']> {
  const own = {
    name: 'pass.test',
    aliases: ['alias.test'],
    passthrough: { ...usual, ...passthrough },
  };
  return [own, { name: '*.pass.test' }, { name: 'app.test' }];
}

/** A proxy with these hosts. */
export async function startPassthrough(
  t: TestContext,
  upstreams: readonly Endpoint[],
  options: Partial<ProxyOptions> & { readonly passthrough?: Partial<Passthrough> } = {},
): Promise<RunningProxy> {
  const { passthrough, ...rest } = options;
  const virtualHosts = passthroughHosts(passthrough);
  return startProxy(t, { upstreams, certificates: [ownCertificate], virtualHosts, ...rest });
}

export async function connectTcp(t: TestContext, port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return new RawClient(socket);
}

/** An endpoint whose connections come one by one. */
export async function startAcceptor(
  t: TestContext,
): Promise<{ endpoint: Endpoint; next: () => Promise<RawClient>; connections: () => number }> {
  const waiting: RawClient[] = [];
  let onNext: (() => void) | undefined;
  const upstream = await startRawUpstream(t, (socket) => {
    waiting.push(new RawClient(socket));
    onNext?.();
  });
  const next = async (): Promise<RawClient> => {
    for (;;) {
      const first = waiting.shift();
      if (first !== undefined) return first;
      await new Promise<void>((resolve) => (onNext = resolve));
    }
  };
  return { endpoint: upstream.endpoint, next, connections: () => upstream.connections() };
}

/** A client and the endpoint's side of its connection, after the hello. */
export async function openPassthrough(
  t: TestContext,
  proxy: RunningProxy,
  acceptor: { next: () => Promise<RawClient> },
): Promise<{ client: RawClient; server: RawClient }> {
  const client = await connectTcp(t, proxy.httpsPort);
  client.write(HELLO);
  const server = await acceptor.next();
  await server.waitFor(HELLO.toString('latin1'));
  server.take();
  return { client, server };
}

/** Of the certificate that a client was shown. */
export function presentedName({ socket }: RawClient): string {
  assert.ok(socket instanceof TLSSocket);
  return String(socket.getPeerCertificate().subject.CN);
}
