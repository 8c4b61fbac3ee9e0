import { existsSync, readFileSync } from 'node:fs';
import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import type * as Library from '@kubernetes/client-node';
import { readKubeconfig } from './kubeconfig-file.ts';
import { PodAccount, serverOfPod } from './pod-account.ts';

export interface CredentialsOptions {
  /** A file. Undefined: what `KUBECONFIG` names, `~/.kube/config`, or the pod's ServiceAccount. */
  readonly kubeconfig: string | undefined;
  /** URL that takes the place of the kubeconfig's or the pod's. */
  readonly apiserverHost: string | undefined;
  /** CA file; counts only together with `apiserverHost`, as it did in ingress-nginx. */
  readonly certificateAuthority: string | undefined;
}

/** What a request to the API server needs, as of now: tokens and certificates rotate. */
export interface Access {
  readonly server: URL;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Pick<
    ConnectionOptions,
    'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized'
  >;
  /** Set where a `proxy-url` leads to the server. */
  readonly proxyAgent: Agent | undefined;
}

/** Where the API server is and who we are there, read again now and then; `renew` forgets what was read. */
interface Identity {
  readonly server: string;
  access(): Access | Promise<Access>;
  /** Throws when it can't be read. */
  renew(): void;
}

/** Where the API server is and who we are there. What was read counts for a while; `renew` drops that. */
export class Credentials {
  readonly #identity: Identity;
  #generation = 0;

  /** Throws when there is no cluster to be found, or the kubeconfig can't be read. */
  constructor(options: CredentialsOptions) {
    this.#identity = identityOf(options);
  }

  /** Counts renewals. */
  get generation(): number {
    return this.#generation;
  }

  /** URL of the API server, for log lines. */
  get server(): string {
    return this.#identity.server;
  }

  /** Reads the files again and runs the plugins again, unless somebody did since `generation`. */
  renew(generation: number): void {
    if (generation !== this.#generation) return;
    this.#identity.renew();
    this.#generation += 1;
  }

  /** Reads a token file when the last reading is a minute old, as all Kubernetes clients do. */
  async access(): Promise<Access> {
    return this.#identity.access();
  }
}

function identityOf(options: CredentialsOptions): Identity {
  const account = new PodAccount();
  // eslint-disable-next-line no-restricted-properties -- the library looks at the same variables, and both must agree
  const { env } = process;
  if (options.kubeconfig !== undefined) return new KubeconfigIdentity(options);
  if (options.apiserverHost !== undefined) {
    const { apiserverHost: server, certificateAuthority } = options;
    return new DirectIdentity(server, account.exists() ? account : undefined, certificateAuthority);
  }
  const isPod = (env['KUBECONFIG'] ?? '') === '' && !existsSync(join(homedir(), '.kube', 'config'));
  const server = serverOfPod(env);
  return isPod && account.exists() && server !== undefined
    ? new DirectIdentity(server, account, undefined)
    : new KubeconfigIdentity(options);
}

/** A URL, and the pod's ServiceAccount, if there is one: what a pod needs, and little of the memory that the library takes. */
class DirectIdentity implements Identity {
  readonly server: string;
  readonly #account: PodAccount | undefined;
  readonly #caFile: string | undefined;

  constructor(server: string, account: PodAccount | undefined, caFile: string | undefined) {
    this.server = server;
    this.#account = account;
    this.#caFile = caFile;
  }

  access(): Access {
    const files = this.#account?.files();
    const ca = this.#caFile === undefined ? files?.ca : readFileSync(this.#caFile, 'utf8');
    return {
      server: new URL(this.server),
      headers: {
        ...COMMON_HEADERS,
        ...(files === undefined ? {} : { authorization: `Bearer ${files.token}` }),
      },
      tls: ca === undefined ? {} : { ca },
      proxyAgent: undefined,
    };
  }

  renew(): void {
    this.#account?.forget();
  }
}

/** A kubeconfig, with whatever ways of authentication it names. */
class KubeconfigIdentity implements Identity {
  readonly #options: CredentialsOptions;
  #config: Library.KubeConfig;

  constructor(options: CredentialsOptions) {
    this.#options = options;
    this.#config = loadKubeConfig(options);
  }

  get server(): string {
    return this.#config.getCurrentCluster()?.server ?? '';
  }

  renew(): void {
    this.#config = loadKubeConfig(this.#options);
  }

  async access(): Promise<Access> {
    const options: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options;
    const tls = { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized };
    const usesProxy = this.#config.getCurrentCluster()?.proxyUrl !== undefined;
    return {
      server: new URL(this.server),
      headers: headersOf(options),
      tls: Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)),
      proxyAgent: usesProxy && typeof options.agent === 'object' ? options.agent : undefined,
    };
  }
}

const COMMON_HEADERS = { accept: 'application/json', 'user-agent': 'ts-nginx' } as const;

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const result: Record<string, string> = { ...COMMON_HEADERS };
  for (const [name, value] of Object.entries(headers ?? {})) {
    // A token file may end in a line feed, which no header may.
    if (value !== undefined) result[name.toLowerCase()] = String(value).trim();
  }
  if (typeof auth === 'string') {
    result['authorization'] = `Basic ${Buffer.from(auth).toString('base64')}`;
  }
  return result;
}

/** Loaded when it is needed: it takes 90 MB, which a pod can do without. */
function library(): typeof Library {
  return createRequire(import.meta.url)('@kubernetes/client-node') as typeof Library;
}

function loadKubeConfig(options: CredentialsOptions): Library.KubeConfig {
  const config = new (library().KubeConfig)();
  config.loadFromFile = (file) => {
    config.loadFromString(readKubeconfig(file));
    config.makePathsAbsolute(dirname(file));
  };
  if (options.kubeconfig !== undefined) config.loadFromFile(options.kubeconfig);
  else loadDefault(config);

  const cluster = config.getCurrentCluster() ?? { name: 'cluster', server: '' };
  const server = options.apiserverHost ?? cluster.server;
  if (server === '') throw new Error('the kubeconfig has no current context that names a cluster');
  const ca = options.apiserverHost === undefined ? undefined : options.certificateAuthority;
  config.loadFromClusterAndUser(
    {
      skipTLSVerify: false,
      ...cluster,
      server,
      ...(ca === undefined ? {} : { caFile: ca, caData: '' }),
      // The library refuses plaintext unless told so, and there is nothing to verify then.
      ...(server.startsWith('http:') ? { skipTLSVerify: true } : {}),
    },
    config.getCurrentUser() ?? { name: 'anonymous' },
  );
  return config;
}

/** The library falls back to http://localhost:8080, where nothing has been listening for years. */
function loadDefault(config: Library.KubeConfig): void {
  config.loadFromDefault();
  const { server } = config.getCurrentCluster() ?? {};
  if (server === 'http://localhost:8080' && config.currentContext === 'loaded-context') {
    throw new Error('no kubeconfig was found, and this is not a pod of a cluster');
  }
}
