import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { mountAccount } from './account.ts';
import { Child } from './child.ts';
import { eventually } from './eventually.ts';
import { createToken, type Kubectl } from './kubectl.ts';
import { request, type Target } from './wire.ts';

export const LAUNCHER = join(import.meta.dirname, '../../../bin/ts-nginx.js');
const NAMESPACE = 'ts-nginx';
const SERVICE_ACCOUNT = 'ts-nginx';
const STANDARD_PORTS = { http: 80, https: 443, admin: 10_254 };

export interface Ports {
  readonly http: number;
  readonly https: number;
  readonly admin: number;
}

export interface TsNginxOptions {
  readonly kubectl: Kubectl;
  readonly folder: string;
  /** Names its files, and is its POD_NAME. */
  readonly name: string;
  /** What it binds: in a namespace of our own one of the pod network, with the standard ports. */
  readonly address: string;
  readonly ports?: Ports;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What Node runs, in place of the launcher. */
  readonly program?: string;
  /** As a pod, with its account mounted, in place of a kubeconfig: what the API server's certificate is checked against. */
  readonly asPod?: { readonly certificateFile: string };
}

/** A ts-nginx process: a client of the API server with the rights of its ServiceAccount and no others. */
export class TsNginx {
  readonly address: string;
  readonly ports: Ports;
  readonly child: Child;

  private constructor(address: string, ports: Ports, child: Child) {
    this.address = address;
    this.ports = ports;
    this.child = child;
  }

  /** Resolves when it was started; `untilReady` awaits more. */
  static async start(options: TsNginxOptions): Promise<TsNginx> {
    const { name, folder, address, ports = STANDARD_PORTS } = options;
    const { before, flags, env } = await identityOf(options);
    const child = new Child({
      name,
      command: [
        'env',
        ...before,
        process.execPath,
        options.program ?? LAUNCHER,
        ...(options.args ?? ['serve']),
        ...flags,
        `--bind=${address}`,
        `--healthz-host=${address}`,
        `--http-port=${ports.http}`,
        `--https-port=${ports.https}`,
        `--healthz-port=${ports.admin}`,
      ],
      env: { POD_NAME: name, POD_NAMESPACE: NAMESPACE, ...env, ...options.env },
      logFile: join(folder, `${name}.log`),
    });
    return new TsNginx(address, ports, child);
  }

  http(host: string, path = '/'): Target {
    return { address: this.address, port: this.ports.http, host, path };
  }

  https(host: string, ca: string, path = '/'): Target {
    return { address: this.address, port: this.ports.https, host, path, tls: { ca } };
  }

  /** The path on the admin port; the body as text. */
  async admin(path: string): Promise<{ status: number; body: string }> {
    return request({ address: this.address, port: this.ports.admin, host: this.address, path });
  }

  async untilReady(): Promise<void> {
    await eventually(`${this.child.name} is ready`, async () => {
      this.child.assertRunning();
      const { status, body } = await this.admin('/readyz?verbose');
      if (status !== 200) throw new Error(body);
    });
  }

  stop(graceMs?: number): Promise<void> {
    return this.child.stop(graceMs);
  }
}

/** How the process knows the API server, and who it is there. */
async function identityOf({ kubectl, folder, name, asPod }: TsNginxOptions): Promise<{
  readonly before: readonly string[];
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}> {
  if (asPod === undefined) {
    const kubeconfig = join(folder, `${name}.kubeconfig`);
    await writeFile(kubeconfig, await serviceAccountKubeconfig(kubectl));
    return { before: [], flags: [`--kubeconfig=${kubeconfig}`], env: {} };
  }
  const { command, env } = await mountAccount({
    folder: join(folder, `${name}-account`),
    namespace: NAMESPACE,
    token: await createToken(kubectl, NAMESPACE, SERVICE_ACCOUNT),
    certificateFile: asPod.certificateFile,
  });
  // A kubeconfig of whoever runs the tests would come first.
  return { before: command, flags: [], env: { ...env, KUBECONFIG: '', HOME: folder } };
}

/** The kubeconfig that kubectl uses, with the ServiceAccount's token instead of its user. */
async function serviceAccountKubeconfig(kubectl: Kubectl): Promise<string> {
  const view = await kubectl(['config', 'view', '--minify', '--flatten', '--raw', '-o', 'json']);
  const config = JSON.parse(view) as { users: { name: string; user: object }[] };
  const token = await createToken(kubectl, NAMESPACE, SERVICE_ACCOUNT);
  for (const user of config.users) user.user = { token };
  return JSON.stringify(config);
}

/**
 * Three ports of this machine that are free now, and stay so though they may be bound much later: below those that the system
 * gives to whoever asks for any.
 */
export async function freePorts(): Promise<Ports> {
  const [http, https, admin] = [await freePort(), await freePort(), await freePort()];
  return { http, https, admin };
}

async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(10_000, 30_000);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.close();
    if (isFree) return port;
  }
  throw new Error('no port is free');
}
