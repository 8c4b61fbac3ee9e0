import { existsSync } from 'node:fs';
import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { dirname } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { readKubeconfig } from './kubeconfig-file.ts';

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

const TOKEN_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** Where the API server is and who we are there. The library caches what it read; `renew` drops that. */
export class Credentials {
  readonly #options: CredentialsOptions;
  #config: KubeConfig;
  #generation = 0;

  /** Throws when there is no cluster to be found, or the kubeconfig can't be read. */
  constructor(options: CredentialsOptions) {
    this.#options = options;
    this.#config = loadKubeConfig(options);
  }

  /** Counts renewals. */
  get generation(): number {
    return this.#generation;
  }

  /** URL of the API server, for log lines. */
  get server(): string {
    return this.#config.getCurrentCluster()?.server ?? '';
  }

  /** Reads the files again and runs the plugins again, unless somebody did since `generation`. */
  renew(generation: number): void {
    if (generation !== this.#generation) return;
    this.#config = loadKubeConfig(this.#options);
    this.#generation += 1;
  }

  /** Reads a token file when the last reading is a minute old, as all Kubernetes clients do. */
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

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const result: Record<string, string> = { accept: 'application/json', 'user-agent': 'ts-nginx' };
  for (const [name, value] of Object.entries(headers ?? {})) {
    // A token file may end in a line feed, which no header may.
    if (value !== undefined) result[name.toLowerCase()] = String(value).trim();
  }
  if (typeof auth === 'string') {
    result['authorization'] = `Basic ${Buffer.from(auth).toString('base64')}`;
  }
  return result;
}

function loadKubeConfig(options: CredentialsOptions): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile = (file) => {
    config.loadFromString(readKubeconfig(file));
    config.makePathsAbsolute(dirname(file));
  };
  if (options.kubeconfig !== undefined) config.loadFromFile(options.kubeconfig);
  else if (options.apiserverHost === undefined) loadDefault(config);
  else if (existsSync(TOKEN_FILE)) config.loadFromCluster();

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
function loadDefault(config: KubeConfig): void {
  config.loadFromDefault();
  const { server } = config.getCurrentCluster() ?? {};
  if (server === 'http://localhost:8080' && config.currentContext === 'loaded-context') {
    throw new Error('no kubeconfig was found, and this is not a pod of a cluster');
  }
}
