/**
 * A proxy whose host `guarded.test` (and `*.guarded.test`, and the alias `alias.test`) asks its clients for certificates, and
 * whose host `open.test` does not; endpoints answer with the fields that they were sent, as JSON.
 */
import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import type { TestContext } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import type { Certificate, ClientVerification } from '../../src/model/config.ts';
import { connectTlsClient, type RawAnswer } from '../blackbox/harness/raw-client.ts';
import {
  startProxy,
  type ProxyOptions,
  type RunningProxy,
  type VirtualHostOptions,
} from '../blackbox/harness/start-proxy.ts';
import { startUpstream } from '../blackbox/harness/upstream.ts';
import { sampleAuthority } from '../unit/sample-authority.ts';
import { sampleCertificate } from '../unit/sample-certificate.ts';

export const authority = sampleAuthority('clients');
export const stranger = sampleAuthority('strangers');
export const good = authority.issue('good');

const certificate = sampleCertificate('default', ['default.test']);
let lastFingerprint = 0;

/** Required, by `authority`, with one CA in between; a fingerprint of its own each time. */
export function verification(changes: Partial<ClientVerification> = {}): ClientVerification {
  return {
    fingerprint: String(++lastFingerprint),
    mode: 'required',
    ca: authority.ca,
    crls: [],
    depth: 1,
    subjectPattern: undefined,
    errorPage: undefined,
    passesCertificate: false,
    ...changes,
  };
}

export interface GuardedProxy {
  readonly proxy: RunningProxy;
  /** Requests that reached the endpoint. */
  requests(): number;
  /** What `options` say, beside what is the same in all of these proxies. */
  apply(hosts: readonly VirtualHostOptions[], options?: ProxyOptions): void;
}

export function guardedHosts(
  clientVerification: ClientVerification | undefined,
  changes: Partial<VirtualHostOptions> = {},
): readonly VirtualHostOptions[] {
  const guard = clientVerification === undefined ? {} : { clientVerification };
  return [
    { name: 'guarded.test', aliases: ['alias.test'], ...guard, ...changes },
    { name: '*.guarded.test', ...guard, ...changes },
    { name: 'open.test' },
  ];
}

export async function startGuardedProxy(
  t: TestContext,
  hosts: readonly VirtualHostOptions[] = guardedHosts(verification()),
  more: ProxyOptions = {},
): Promise<GuardedProxy> {
  let requests = 0;
  const upstream = await startUpstream(t, (request, response) => {
    requests += 1;
    request.resume();
    response.end(JSON.stringify({ url: request.url, ...request.headers }));
  });
  const options = (virtualHosts: readonly VirtualHostOptions[]): ProxyOptions => ({
    upstreams: [upstream.endpoint],
    certificates: [certificate],
    virtualHosts,
    ...more,
  });
  const proxy = await startProxy(t, options(hosts));
  return {
    proxy,
    requests: () => requests,
    apply: (next, changes = {}) => {
      proxy.apply({ ...options(next), ...changes });
    },
  };
}

/** Options of a TLS client that presents it. */
export function presents(shown: Certificate | undefined): ConnectionOptions {
  return shown === undefined ? {} : { cert: shown.chain, key: shown.key.reveal() };
}

export interface Question {
  readonly sni?: string;
  /** `sni` unless it says otherwise. */
  readonly host?: string;
  readonly target?: string;
  readonly method?: string;
  readonly certificate?: Certificate | undefined;
  /** Further field lines. */
  readonly lines?: readonly string[];
  readonly tls?: ConnectionOptions;
}

/** On a connection of its own, over HTTP/1.1. */
export async function ask(
  t: TestContext,
  { proxy }: GuardedProxy,
  question: Question = {},
): Promise<RawAnswer> {
  const { sni = 'guarded.test', host = sni, certificate: shown, tls = {}, lines = [] } = question;
  const options = { servername: sni, ...presents(shown), ...tls };
  const client = await connectTlsClient(t, proxy.httpsPort, options);
  client.write(requestText({ ...question, host, lines }));
  return client.readAnswer({ head: question.method === 'HEAD' });
}

export function requestText({
  host = '',
  target = '/',
  method = 'GET',
  lines = [],
}: Question): string {
  return [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...lines, '', ''].join('\r\n');
}

/** What the endpoint was sent. */
export function sentFields({ body }: { readonly body: string }): Record<string, string> {
  return JSON.parse(body) as Record<string, string>;
}

export interface Http2Reply {
  readonly status: number;
  readonly body: string;
}

export class Http2Asker {
  readonly session: ClientHttp2Session;

  constructor(session: ClientHttp2Session) {
    this.session = session;
  }

  async ask(authorityName: string, fields: Record<string, string> = {}): Promise<Http2Reply> {
    const stream = this.session.request({ ':path': '/', ':authority': authorityName, ...fields });
    let status = 0;
    let body = '';
    stream.setEncoding('utf8');
    stream.on('response', (head) => {
      status = Number(head[':status']);
    });
    stream.on('data', (text: string) => (body += text));
    stream.end();
    await once(stream, 'close');
    return { status, body };
  }
}

export async function connectAsker(
  t: TestContext,
  { proxy }: GuardedProxy,
  sni: string,
  shown: Certificate | undefined,
  tls: ConnectionOptions = {},
): Promise<Http2Asker> {
  const session = connectHttp2(`https://127.0.0.1:${proxy.httpsPort}`, {
    servername: sni,
    rejectUnauthorized: false,
    ...presents(shown),
    ...tls,
  });
  session.on('error', () => undefined);
  t.after(() => {
    session.destroy();
  });
  await once(session, 'connect');
  return new Http2Asker(session);
}
