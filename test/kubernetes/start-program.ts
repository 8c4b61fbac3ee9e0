import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePorts } from '../cluster/harness/ts-nginx.ts';
import { request } from '../cluster/harness/wire.ts';
import { Child } from '../process/child.ts';
import type { FakeApiServer, FakeObject } from './fake-api-server.ts';
import { ingress, nameOf } from './objects.ts';

const main = join(import.meta.dirname, '../../src/main.ts');
const address = '127.0.0.1';

export interface Running {
  readonly child: Child;
  readonly admin: (path: string) => Promise<{ readonly status: number; readonly body: string }>;
  /** Status that a host answers with. */
  readonly ask: (host: string) => Promise<number>;
}

/** The whole program, which watches a fake API server. */
export async function startProgram(t: TestContext, server: FakeApiServer): Promise<Running> {
  const ports = await freePorts();
  const child = new Child(
    t,
    process.execPath,
    [
      ...[main, 'serve', `--apiserver-host=${server.url}`, '--disable-leader-election'],
      ...['--workers=0', `--bind=${address}`, `--healthz-host=${address}`],
      ...[`--http-port=${ports.http}`, `--https-port=${ports.https}`],
      ...[`--healthz-port=${ports.admin}`, '--watch-ingress-without-class'],
    ],
    {},
  );
  return {
    child,
    admin: (path) => request({ address, port: ports.admin, host: address, path }),
    ask: async (host) => (await request({ address, port: ports.http, host })).status,
  };
}

/** An Ingress that needs nothing else: it answers 301 by itself. */
export function redirect(host: string, { tlsSecret }: { tlsSecret?: string } = {}): FakeObject {
  const key = `shop/${host.replaceAll('.', '-')}`;
  const { spec } = ingress(key, host);
  return {
    metadata: {
      ...nameOf(key),
      annotations: { 'nginx.ingress.kubernetes.io/permanent-redirect': 'https://elsewhere.test/' },
    },
    spec: {
      ...(spec as object),
      ingressClassName: undefined,
      ...(tlsSecret === undefined ? {} : { tls: [{ hosts: [host], secretName: tlsSecret }] }),
    },
  };
}
