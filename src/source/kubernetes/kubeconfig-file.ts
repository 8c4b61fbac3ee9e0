import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { isJsonObject, type JsonObject } from './prune.ts';

/**
 * The text of a kubeconfig, with each user's `tokenFile` (client-go's clientcmd/api/v1 `AuthInfo`), which the library does not
 * know, written as the `auth-provider` by which it knows the same thing. Throws when it can't be read, or is no kubeconfig.
 */
export function readKubeconfig(file: string): string {
  const config: unknown = parse(readFileSync(file, 'utf8'));
  if (!isJsonObject(config)) throw new Error(`${file} is not a kubeconfig`);
  const users: readonly unknown[] = Array.isArray(config['users']) ? config['users'] : [];
  const root = dirname(file);
  return JSON.stringify({ ...config, users: users.map((user) => withTokenFile(user, root)) });
}

function withTokenFile(entry: unknown, root: string): unknown {
  if (!isJsonObject(entry) || !isJsonObject(entry['user'])) return entry;
  const { tokenFile, ...user }: JsonObject = entry['user'];
  if (typeof tokenFile !== 'string') return entry;
  // The file counts before a token that is written beside it.
  const config = { tokenFile: resolve(root, tokenFile) };
  return {
    ...entry,
    user: { ...user, token: undefined, 'auth-provider': { name: 'tokenFile', config } },
  };
}
