import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Child, run } from '../process/child.ts';
import { cloneQuickstart } from '../process/clone.ts';

/** A real browser, which no stand-in is: its own parser, its own connections, its own idea of `*.localhost`. */
const browser = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

test('a browser is installed', () => {
  assert.ok(browser, 'no Chromium: apt-get install chromium (Debian), or Google Chrome in PATH');
});

/** The page as it stands after it was loaded. */
async function load(t: TestContext, url: string): Promise<string> {
  const profile = await mkdtemp(join(tmpdir(), 'ts-nginx-browser-'));
  t.after(() => rm(profile, { recursive: true, force: true, maxRetries: 10 }));
  const ended = await run(t, browser ?? '', [
    ...['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run'],
    ...['--disable-background-networking', '--disable-dev-shm-usage'],
    '--ignore-certificate-errors', // the quickstart's certificate is its own
    ...[`--user-data-dir=${profile}`, '--timeout=20000', '--dump-dom', url],
  ]);
  assert.equal(ended.code, 0, ended.stderr);
  return ended.stdout;
}

test('the quickstart page, over http and https', { skip: browser === undefined }, async (t) => {
  const clone = await cloneQuickstart(t);
  const { http, https } = clone.ports;
  const child = new Child(t, process.execPath, ['bin/quickstart.js', ...clone.portFlags], {
    cwd: clone.folder,
  });
  await child.printed(/Ctrl-C ends/);
  for (const { url, service, ingress, proto, port } of [
    {
      url: `http://shop.localhost:${http}/`,
      service: 'demo/web',
      ingress: 'demo/paths',
      proto: 'http',
      port: http,
    },
    {
      url: `http://shop.localhost:${http}/api/a?b=1`,
      service: 'demo/api',
      ingress: 'demo/paths',
      proto: 'http',
      port: http,
    },
    {
      url: `http://x.preview.localhost:${http}/`,
      service: 'demo/web',
      ingress: 'demo/hosts',
      proto: 'http',
      port: http,
    },
    {
      url: `https://secure.localhost:${https}/`,
      service: 'demo/web',
      ingress: 'demo/tls',
      proto: 'https',
      port: 443,
    },
  ]) {
    await t.test(url, async (t) => {
      const page = await load(t, url);
      assert.match(page, new RegExp(`<title>${service} · ts-nginx quickstart</title>`));
      assert.match(page, new RegExp(`<h1>You reached <em>${service}</em></h1>`));
      assert.ok(page.includes(`<b>${ingress}</b>`), page);
      const fields = new Map(
        [...page.matchAll(/<th>(.*?)<\/th><td>(.*?)<\/td>/g)].map(([, name, value]) => [
          name,
          value,
        ]),
      );
      assert.equal(fields.get('x-forwarded-proto'), proto);
      assert.equal(fields.get('x-forwarded-host'), new URL(url).host);
      assert.equal(fields.get('x-forwarded-port'), String(port));
      assert.match(fields.get('x-request-id') ?? '', /^[0-9a-f]{32}$/);
      assert.match(fields.get('user-agent') ?? '', /Chrome/);
    });
  }
});
