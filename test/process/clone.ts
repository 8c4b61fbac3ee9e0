import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

const root = join(import.meta.dirname, '../..');

/** A copy of the quickstart whose files a test may edit, over the sources as they stand. */
export interface QuickstartClone {
  readonly folder: string;
  /** Free ports: the flags that choose them are `portFlags`. */
  readonly ports: { readonly http: number; readonly https: number; readonly admin: number };
  readonly portFlags: readonly string[];
  edit(file: string, from: string, to: string): Promise<void>;
}

export async function cloneQuickstart(t: TestContext): Promise<QuickstartClone> {
  const folder = await mkdtemp(join(tmpdir(), 'ts-nginx-quickstart-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const name of ['bin', 'examples', 'package.json']) {
    await cp(join(root, name), join(folder, name), { recursive: true });
  }
  for (const name of ['src', 'node_modules']) await symlink(join(root, name), join(folder, name));
  const [http = 0, https = 0, admin = 0, web = 0, api = 0] = await findFreePorts(5);
  const edit = async (file: string, from: string, to: string): Promise<void> => {
    const path = join(folder, 'examples/quickstart', file);
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll(from, to));
  };
  await edit('backends.yaml', '18081', String(web));
  await edit('backends.yaml', '18082', String(api));
  const flags = { 'http-port': http, 'https-port': https, 'healthz-port': admin };
  return {
    folder,
    ports: { http, https, admin },
    portFlags: Object.entries(flags).map(([name, port]) => `--${name}=${port}`),
    edit,
  };
}

/** Ports that were free a moment ago: held all at once, so that they differ. */
async function findFreePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
