import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionCookie } from '../model/config.ts';
import { sessionCookieText, type CookieClient } from './session-cookie.ts';

const usual: SessionCookie = {
  name: 'route',
  path: '/',
  domain: undefined,
  expiresSeconds: undefined,
  maxAgeSeconds: undefined,
  secure: 'tls',
  sameSite: undefined,
  sparesOldClients: false,
};
const plain: CookieClient = {
  isTls: false,
  userAgent: '',
  unixMs: Date.parse('2015-10-19T07:28:00Z'),
};
const spared = { sameSite: 'None', sparesOldClients: true } as const;
const agent = (userAgent: string): Partial<CookieClient> => ({ userAgent });
const SAFARI = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/605 Version/12.1';

interface Case {
  readonly name: string;
  readonly cookie?: Partial<SessionCookie>;
  readonly client?: Partial<CookieClient>;
  readonly want: string;
}

const cases: readonly Case[] = [
  { name: 'by default', want: 'route=v; Path=/; HttpOnly' },
  { name: 'over TLS', client: { isTls: true }, want: 'route=v; Path=/; Secure; HttpOnly' },
  {
    name: 'always Secure',
    cookie: { secure: 'always' },
    want: 'route=v; Path=/; Secure; HttpOnly',
  },
  {
    name: 'every attribute, in order',
    cookie: {
      path: '/a',
      domain: 'example.com',
      expiresSeconds: 172_800,
      maxAgeSeconds: 60,
      secure: 'always',
      sameSite: 'Strict',
    },
    want: 'route=v; Expires=Wed, 21-Oct-15 07:28:00 GMT; Max-Age=60; Domain=example.com; Path=/a; Secure; HttpOnly; SameSite=Strict',
  },
  {
    name: 'an expiry beyond all dates',
    cookie: { expiresSeconds: 9e15 },
    want: 'route=v; Expires=Fri, 31-Dec-99 23:59:59 GMT; Path=/; HttpOnly',
  },
  { name: 'None', cookie: { sameSite: 'None' }, want: 'route=v; Path=/; HttpOnly; SameSite=None' },
  { name: 'None, no agent', cookie: spared, want: 'route=v; Path=/; HttpOnly; SameSite=None' },
  {
    name: 'None, an old Chrome',
    cookie: spared,
    client: agent('Mozilla/5.0 Chrome/51.0.2704.103 Safari/537.36'),
    want: 'route=v; Path=/; HttpOnly',
  },
  {
    name: 'None, iOS 12',
    cookie: spared,
    client: agent('Mozilla/5.0 (iPhone; CPU iPhone OS 12_4 like Mac OS X)'),
    want: 'route=v; Path=/; HttpOnly',
  },
  {
    name: 'None, Safari of macOS 10.14',
    cookie: spared,
    client: agent(`${SAFARI} Safari/605`),
    want: 'route=v; Path=/; HttpOnly',
  },
  {
    name: 'None, a newer Chrome of macOS 10.14',
    cookie: spared,
    client: agent(`${SAFARI} Chrome/120.0 Safari/605`),
    want: 'route=v; Path=/; HttpOnly; SameSite=None',
  },
  {
    name: 'Lax is for everybody',
    cookie: { sameSite: 'Lax', sparesOldClients: true },
    client: agent('Mozilla/5.0 Chrome/51.0'),
    want: 'route=v; Path=/; HttpOnly; SameSite=Lax',
  },
];

for (const { name, cookie = {}, client = {}, want } of cases) {
  test(`session cookie: ${name}`, () => {
    assert.equal(sessionCookieText({ ...usual, ...cookie }, 'v', { ...plain, ...client }), want);
  });
}
