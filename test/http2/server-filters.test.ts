/** Filters and refusals do over HTTP/2 what they do over HTTP/1.1: same status, same place to go, same page. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilterConfig } from '../../src/model/filter-config.ts';
import { connectClient } from '../blackbox/harness/raw-client.ts';
import type { VirtualHostOptions } from '../blackbox/harness/start-proxy.ts';
import { startProbe } from '../blackbox/wire/probe.ts';
import { connectHttp2, data, request, valueOf } from './frame-client.ts';

interface Case {
  readonly name: string;
  readonly host: Omit<VirtualHostOptions, 'name'>;
  readonly path: string;
  /** Sent without a length. */
  readonly body?: string;
  readonly want: { readonly status: number; readonly location?: string };
}

function filter(config: FilterConfig): Omit<VirtualHostOptions, 'name'> {
  return { routes: [{ filters: [config] }] };
}

const CASES: readonly Case[] = [
  {
    name: 'whitelist-source-range without the client',
    host: filter({ kind: 'ip-access', deny: [], allow: ['192.0.2.0/24'] }),
    path: '/',
    want: { status: 403 },
  },
  {
    name: 'ssl-redirect',
    host: filter({ kind: 'https-redirect', status: 308, keepTrailingSlash: true }),
    path: '/a/?b=c',
    want: { status: 308, location: 'https://app.test/a/?b=c' },
  },
  {
    name: 'app-root',
    host: { filters: [{ kind: 'app-root', path: '/start' }] },
    path: '/?b=c',
    want: { status: 302, location: 'http://app.test/start' },
  },
  {
    name: 'permanent-redirect',
    host: filter({ kind: 'redirect', status: 301, location: 'https://other.test$request_uri' }),
    path: '/a?b=c',
    want: { status: 301, location: 'https://other.test/a?b=c' },
  },
  {
    name: 'a path that climbs out of the root',
    host: {},
    path: '/a/%2e%2e/../../etc/passwd',
    want: { status: 400 },
  },
  {
    name: 'a body over proxy-body-size that does not say its length',
    host: { routes: [{ maxBodyBytes: 10 }] },
    path: '/',
    body: 'eleven long',
    want: { status: 413 },
  },
];

for (const { name, host, path, body, want } of CASES) {
  test(`over HTTP/2 as over HTTP/1.1: ${name} is ${want.status}`, async (t) => {
    const { proxy, upstream } = await startProbe(t, {
      virtualHosts: [{ name: 'app.test', ...host }],
    });
    const older = await connectClient(t, proxy.httpPort);
    const chunked = 'Transfer-Encoding: chunked\r\n';
    const chunk = `${body?.length.toString(16) ?? ''}\r\n${body ?? ''}\r\n0\r\n\r\n`;
    const method = body === undefined ? 'GET' : 'POST';
    older.write(`${method} ${path} HTTP/1.1\r\nHost: app.test\r\n`);
    older.write(body === undefined ? '\r\n' : `${chunked}\r\n${chunk}`);
    const expected = await older.readAnswer();
    assert.equal(expected.status, want.status);
    assert.equal(expected.fields.get('location')?.[0], want.location);

    const client = await connectHttp2(t, proxy.httpPort);
    client.request(1, request(method, path), body === undefined);
    if (body !== undefined) client.send(data(1, body, true));
    const answer = await client.answer(1);
    assert.equal(answer.status, want.status);
    assert.equal(valueOf(answer.fields, 'location'), want.location);
    assert.equal(answer.body, expected.body);
    assert.deepEqual(upstream.completed(), []);

    // The stream is over, and the connection is not.
    client.request(3, request('GET', '/'));
    assert.ok((await client.answer(3)).status > 0);
    assert.equal(client.goaways.length, 0);
  });
}
