import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface GoModule {
  /** `google.golang.org/grpc` */
  readonly path: string;
  /** `v1.2.3`; nothing else is ever installed. */
  readonly version: string;
  /** Folders of its commands: `interop/client`. */
  readonly commands: readonly string[];
}

/**
 * Installs commands of a Go module on first use, which takes minutes, and takes them from the cache folder after that.
 * Gives the binaries in the order of `commands`. Needs Go.
 */
export async function installGoCommands(module: GoModule): Promise<readonly string[]> {
  const name = module.path.replaceAll(/[^a-z0-9]+/g, '-');
  const folder = join(cacheFolder(), `${name}-${module.version}`);
  const binaries = module.commands.map((command) => join(folder, basename(command)));
  const isThere = await Promise.all(binaries.map(exists));
  if (!isThere.every(Boolean)) await install(module, folder);
  return binaries;
}

/** A second run at the same time never sees half of it. */
async function install({ path, version, commands }: GoModule, folder: string): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true });
  const unfinished = await mkdtemp(`${folder}-unfinished-`);
  try {
    const wanted = commands.map((command) => `${path}/${command}@${version}`);
    const env = { ...process.env, GOBIN: unfinished, CGO_ENABLED: '0' };
    await run('go', ['install', '-trimpath', ...wanted], { cwd: unfinished, env });
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    throw new Error(`could not install ${path} ${version}: is there a recent Go?`, { cause });
  }
}

function cacheFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'];
  return join(cache === undefined || cache === '' ? join(homedir(), '.cache') : cache, 'ts-nginx');
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
