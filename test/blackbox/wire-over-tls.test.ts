/** Every case of `wire/` again, with clients that come over TLS: another way of reading, and the same rules. */
import { readdir } from 'node:fs/promises';
import { carryOver } from './harness/carrier.ts';

const FOLDER = new URL('wire/', import.meta.url);

carryOver('tls');
for (const file of (await readdir(FOLDER)).sort()) {
  if (!file.endsWith('.test.ts') || file === 'security-table.test.ts') continue;
  await import(new URL(file, FOLDER).href);
}
