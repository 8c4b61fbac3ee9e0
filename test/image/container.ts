import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { assemble } from '../../image/assemble.ts';
import { Child, run, type Ended } from '../process/child.ts';

const root = join(import.meta.dirname, '../..');

/** Why there can be no container here; undefined: there can. */
export function whyNoContainers(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root, to become user 101 in a file system of its own';
  for (const command of ['setpriv', 'setcap', 'nsenter', 'chroot']) {
    if (spawnSync(command, ['--help']).error !== undefined) return `needs ${command}`;
  }
  const tried = spawnSync('unshare', [
    '--mount',
    '--pid',
    '--fork',
    'mount',
    '-t',
    'tmpfs',
    'x',
    '/mnt',
  ]);
  return tried.status === 0 ? undefined : `mounting is not permitted: ${String(tried.stderr)}`;
}

/** The file tree of the Dockerfile's last stage. Its base, which can't be had without an engine, is this machine's. */
export class Image {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** As with the Dockerfile's build argument `CAPABILITY=none`. */
  static async build(): Promise<Image> {
    const parent = await mkdtemp(join(tmpdir(), 'ts-nginx-image-'));
    await chmod(parent, 0o755);
    const dist = join(parent, 'dist');
    command(process.execPath, [
      'node_modules/typescript/bin/tsc',
      '-p',
      'tsconfig.build.json',
      '--outDir',
      dist,
    ]);
    const folder = join(parent, 'root');
    await assemble({ root, dist, target: folder });
    for (const name of ['dev', 'proc', 'manifests']) await mkdir(join(folder, name));
    return new Image(folder);
  }

  /** As with its default. */
  setCapability(): void {
    command('setcap', ['cap_net_bind_service=+ep', join(this.folder, 'usr/local/bin/node')]);
  }

  async remove(): Promise<void> {
    await rm(join(this.folder, '..'), { recursive: true, force: true });
  }

  /** A folder `/manifests` for the containers that are started from now on. */
  async writeManifest(name: string, text: string): Promise<void> {
    await writeFile(join(this.folder, 'manifests', name), text);
  }
}

export interface ContainerOptions {
  /** uid:gid. */
  readonly user?: string;
  /** `capabilities.add`, after `drop: [ALL]`. */
  readonly capabilities?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** As a container runtime would: own processes and mounts, read-only root, a user without privileges that can gain none. */
export class Container {
  readonly child: Child;
  readonly #t: TestContext;
  readonly #folder: string;
  readonly #options: ContainerOptions;

  /** `args` are a whole command line, `ENTRYPOINT` included. */
  constructor(
    t: TestContext,
    image: Image,
    args: readonly string[],
    options: ContainerOptions = {},
  ) {
    this.#t = t;
    this.#folder = image.folder;
    this.#options = options;
    const enter = join(import.meta.dirname, 'enter.sh');
    const unshare = ['--mount', '--pid', '--fork', '--kill-child', enter, image.folder];
    this.child = new Child(t, 'unshare', [...unshare, ...dropPrivileges(options), ...args], {
      env: options.env ?? {},
    });
  }

  /** As `kubectl exec` and `preStop` do. */
  async exec(args: readonly string[]): Promise<Ended> {
    const enter = [
      '--target',
      String(await this.firstPid()),
      '--mount',
      '--pid',
      'chroot',
      this.#folder,
    ];
    return run(this.#t, 'nsenter', [...enter, ...dropPrivileges(this.#options), ...args]);
  }

  /** What is PID 1 inside, by its number outside. */
  async firstPid(): Promise<number> {
    const pid = String(this.child.pid);
    const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'latin1')).split(' ');
    return Number(child);
  }
}

function dropPrivileges({
  user = '101:82',
  capabilities = ['net_bind_service'],
}: ContainerOptions): string[] {
  const [uid, gid] = user.split(':');
  const kept = ['-all', ...capabilities.map((name) => `+${name}`)].join(',');
  return [
    ...['setpriv', `--reuid=${uid ?? ''}`, `--regid=${gid ?? ''}`, '--clear-groups'],
    ...['--no-new-privs', '--inh-caps=-all', `--bounding-set=${kept}`],
  ];
}

function command(name: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(name, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}\n${stdout}\n${stderr}`);
}
