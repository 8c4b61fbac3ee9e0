import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
/** Beneath node_modules, so that what it imports is found. */
const folder = join(root, 'node_modules/.cache/ts-nginx-scale');

/** Compiles the sources as a release does. Gives its launcher: stripping types takes 50 MB and a second of its own. */
export async function compile(): Promise<string> {
  const dist = join(folder, 'dist');
  await mkdir(dist, { recursive: true });
  await copyFile(join(root, 'package.json'), join(folder, 'package.json'));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', dist];
  await promisify(execFile)(process.execPath, args);
  const bin = join(folder, 'bin');
  await cp(join(root, 'bin'), bin, { recursive: true });
  return join(bin, 'ts-nginx.js');
}
