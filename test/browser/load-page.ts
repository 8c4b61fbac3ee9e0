import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { run } from '../process/child.ts';

/** A real browser, which no stand-in is: its own parser, its own connections, its own idea of `*.localhost`. */
export const browser = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
].find((name) => spawnSync(name, ['--version']).status === 0);

/** The page as it stands after it was loaded. */
export async function loadPage(t: TestContext, url: string): Promise<string> {
  const profile = await mkdtemp(join(tmpdir(), 'ts-nginx-browser-'));
  t.after(() => rm(profile, { recursive: true, force: true, maxRetries: 10 }));
  const ended = await run(t, browser ?? '', [
    ...['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run'],
    ...['--disable-background-networking', '--disable-dev-shm-usage'],
    '--ignore-certificate-errors', // the certificates of tests and of the quickstart are their own
    ...[`--user-data-dir=${profile}`, '--timeout=20000', '--dump-dom', url],
  ]);
  assert.equal(ended.code, 0, ended.stderr);
  return ended.stdout;
}
