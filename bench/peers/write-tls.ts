import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SiteTls } from '../cell.ts';

/** Chain and key in one file, as every server takes them. */
export function writeTls({ chain, key }: SiteTls, folder: string): string {
  const path = join(folder, 'tls.pem');
  writeFileSync(path, chain + key, { mode: 0o600 });
  return path;
}
