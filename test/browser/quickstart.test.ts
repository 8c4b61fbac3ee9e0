import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Child } from '../process/child.ts';
import { cloneQuickstart } from '../process/clone.ts';
import { browser, loadPage } from './load-page.ts';

test('a browser is installed', () => {
  assert.ok(browser, 'no Chromium: apt-get install chromium (Debian), or Google Chrome in PATH');
});

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
      const page = await loadPage(t, url);
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
