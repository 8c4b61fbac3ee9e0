import { existsSync, readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';

/** Where the kubelet mounts a pod's ServiceAccount. */
const FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
/** How long what was read counts, as in all Kubernetes clients: tokens live for ten minutes at least. */
const FRESH_MS = 60_000;

/** The API server's address as the kubelet tells it to each pod. */
export interface ServiceEnvironment {
  readonly KUBERNETES_SERVICE_HOST?: string | undefined;
  readonly KUBERNETES_SERVICE_PORT?: string | undefined;
}

export interface AccountFiles {
  readonly token: string;
  /** PEM. */
  readonly ca: string;
}

/** The ServiceAccount of the pod that we run in. Its files are replaced while we run. */
export class PodAccount {
  readonly #folder: string;
  readonly #now: () => number;
  #files: AccountFiles | undefined;
  #readAt = 0;

  constructor(folder = FOLDER, now: () => number = () => performance.now()) {
    this.#folder = folder;
    this.#now = now;
  }

  /** Whether this is a pod at all that has an account. */
  exists(): boolean {
    return existsSync(join(this.#folder, 'token'));
  }

  /** Throws when they can't be read. */
  files(): AccountFiles {
    const now = this.#now();
    if (this.#files === undefined || now - this.#readAt >= FRESH_MS) {
      const read = (name: string): string => readFileSync(join(this.#folder, name), 'utf8');
      this.#files = { token: read('token').trim(), ca: read('ca.crt') };
      this.#readAt = now;
    }
    return this.#files;
  }

  /** The next reading is a new one. */
  forget(): void {
    this.#files = undefined;
  }
}

/** URL of the API server; undefined where nobody told. */
export function serverOfPod(env: ServiceEnvironment): string | undefined {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = env;
  if (host === '' || port === '') return undefined;
  return `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
