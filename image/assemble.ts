import { chmod, cp, glob, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/**
 * `node image/assemble.ts TARGET`: puts together what the image adds to its base, after `npm ci` and `npm run build`. The
 * Dockerfile's build stage and test/image/ both run this, so what is tested is what is shipped.
 */
export interface AssembleOptions {
  /** The clone. */
  readonly root: string;
  /** The compiled product. */
  readonly dist: string;
  /** What becomes `/`; must not exist. */
  readonly target: string;
}

/** What runs, by its place in the image. */
const PROGRAMS = {
  'usr/local/bin/ts-nginx': 'image/ts-nginx.cjs',
  'wait-shutdown': 'image/wait-shutdown.cjs',
  dbg: 'image/dbg.cjs',
};

const PRODUCT = 'opt/ts-nginx';

export async function assemble({ root, dist, target }: AssembleOptions): Promise<void> {
  await mkdir(target);
  const put = async (from: string, to: string, mode?: number): Promise<void> => {
    const path = join(target, to);
    await mkdir(dirname(path), { recursive: true });
    await cp(resolve(root, from), path, { recursive: true });
    if (mode !== undefined) await chmod(path, mode);
  };
  await put(findPinnedNode(), 'usr/local/bin/node', 0o755);
  for (const [place, source] of Object.entries(PROGRAMS)) await put(source, place, 0o755);
  await symlink('/usr/local/bin/ts-nginx', join(target, 'nginx-ingress-controller'));
  await put(dist, join(PRODUCT, 'dist'));
  for (const file of ['package.json', 'LICENSE']) await put(file, join(PRODUCT, file));
  for (const folder of await listRuntimePackages(root)) {
    await put(folder, join(PRODUCT, folder));
    await trim(join(target, PRODUCT, folder));
  }
}

/** Takes away what packages bring that no program reads; licences stay. */
async function trim(folder: string): Promise<void> {
  const idle = glob(
    ['{test,tests,docs,examples,benchmarks,node_modules/.bin}', '**/*.{ts,mts,cts,map,md}'],
    {
      cwd: folder,
      exclude: ['**/{LICENSE,LICENCE,NOTICE}*'],
    },
  );
  for await (const path of idle) await rm(join(folder, path), { recursive: true, force: true });
}

/** Node as the lock file pins it, the same that development and tests use. */
function findPinnedNode(): string {
  return `node_modules/node-${process.platform}-${process.arch}/bin/node`;
}

/** The folders of what `dependencies` bring in, from the lock file: no tools of development, no second Node. */
async function listRuntimePackages(root: string): Promise<string[]> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: true; optional?: true; devOptional?: true }>;
  };
  return Object.entries(lock.packages)
    .filter(([folder, { dev, optional, devOptional }]) => {
      const isTypesOnly = folder.includes('node_modules/@types/');
      return folder !== '' && !dev && !optional && !devOptional && !isTypesOnly;
    })
    .map(([folder]) => folder);
}

if (import.meta.main) {
  const [target] = process.argv.slice(2);
  if (target === undefined) throw new Error('usage: node image/assemble.ts TARGET');
  await assemble({ root: process.cwd(), dist: 'dist', target });
}
