import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { installGoCommands } from '../../wire/harness/go-tools.ts';

const run = promisify(execFile);

/** Set by run.ts: the helm to use. */
export const HELM_VARIABLE = 'TS_NGINX_HELM';
const HELM = { path: 'helm.sh/helm/v3', version: 'v3.22.0', commands: ['cmd/helm'] };

export const CHART = join(import.meta.dirname, '../../../deploy/chart/ts-nginx');
/** Stands for the chart of ingress-nginx: its values, names, labels and rights, with echo servers as pods. */
export const OLD_CHART = join(import.meta.dirname, '../charts/ingress-nginx');

/** A Kubernetes object as a chart renders it. */
export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

export interface Release {
  readonly name: string;
  readonly namespace: string;
  readonly chart: string;
  /** YAML, one file after the other: later ones win. */
  readonly values?: readonly string[];
  readonly args?: readonly string[];
}

/** Built once (2 minutes) into the cache folder; needs Go. */
export async function installHelm(say: (line: string) => void): Promise<string> {
  const timer = setTimeout(() => {
    say(`building Helm ${HELM.version} once: 2 minutes or more`);
  }, 1_000);
  try {
    const [binary = ''] = await installGoCommands(HELM);
    return binary;
  } finally {
    clearTimeout(timer);
  }
}

/** A real helm, against the cluster of `kubeconfig`. */
export class Helm {
  readonly #binary: string;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  #files = 0;

  constructor({ kubeconfig, folder }: { readonly kubeconfig: string; readonly folder: string }) {
    this.#binary = process.env[HELM_VARIABLE] ?? 'helm';
    this.#folder = folder;
    this.#env = {
      ...process.env,
      KUBECONFIG: kubeconfig,
      HELM_CACHE_HOME: join(folder, 'helm-cache'),
      HELM_CONFIG_HOME: join(folder, 'helm-config'),
      HELM_DATA_HOME: join(folder, 'helm-data'),
    };
  }

  /** Gives stdout; throws with stderr. */
  async run(args: readonly string[]): Promise<string> {
    try {
      const options = { env: this.#env, maxBuffer: 64 * 1024 * 1024, timeout: 60_000 };
      const { stdout } = await run(this.#binary, args, options);
      return stdout;
    } catch (error) {
      const { stderr } = error as { stderr?: string };
      throw new Error(`helm ${args[0] ?? ''}: ${stderr?.trim() ?? String(error)}`, {
        cause: error,
      });
    }
  }

  /** What the chart renders to, its notes apart; nothing is installed. */
  async render(release: Release): Promise<{ objects: Rendered[]; notes: string }> {
    const dryRun = ['install', ...(await this.#argsOf(release)), '--dry-run=server', '-o', 'json'];
    const output = JSON.parse(await this.run(dryRun)) as {
      manifest: string;
      info: { notes: string };
    };
    const objects = parseAllDocuments(output.manifest)
      .map((document) => document.toJS() as Rendered | null)
      .filter((object) => object !== null);
    return { objects, notes: output.info.notes };
  }

  async install(release: Release): Promise<void> {
    await this.run(['install', ...(await this.#argsOf(release)), '--create-namespace']);
  }

  async upgrade(release: Release): Promise<void> {
    await this.run(['upgrade', ...(await this.#argsOf(release))]);
  }

  async #argsOf(release: Release): Promise<string[]> {
    const { name, namespace, chart, values = [], args = [] } = release;
    const files: string[] = [];
    for (const text of values) {
      this.#files += 1;
      const file = join(this.#folder, `values-${this.#files}.yaml`);
      await writeFile(file, text);
      files.push('--values', file);
    }
    return [name, chart, '--namespace', namespace, ...files, ...args];
  }
}
