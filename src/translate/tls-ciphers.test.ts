import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSecureContext, getCiphers } from 'node:tls';
import { cipherProblem, isDheAlone, tlsCiphers } from './tls-ciphers.ts';

const { parse } = tlsCiphers();

for (const { given, want, refused = [] } of [
  {
    given: 'ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256',
    want: 'ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256',
  },
  { given: 'eNULL:@SECLEVEL=0', want: '', refused: ['eNULL', '@SECLEVEL=0'] },
  { given: 'aNULL@SECLEVEL=0', want: '', refused: ['aNULL', '@SECLEVEL=0'] },
  { given: 'AES128-SHA:kRSA', want: '', refused: ['AES128-SHA', 'kRSA'] },
  { given: 'ECDHE+AES256:!aECDSA:!SHA384', want: 'ECDHE-RSA-AES256-GCM-SHA384' },
  { given: 'TLS_AES_128_GCM_SHA256', want: '' },
  {
    given: 'TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA',
    want: 'ECDHE-RSA-AES128-GCM-SHA256',
    refused: ['ECDHE-RSA-AES128-SHA'],
  },
  {
    given: 'ECDHE+CHACHA20@STRENGTH',
    want: 'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
    refused: ['@STRENGTH'],
  },
  {
    given: 'ECDHE+CHACHA20:+aECDSA',
    want: 'ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-CHACHA20-POLY1305',
  },
  { given: 'aECDSA+CHACHA20:-ALL:aRSA+ECDHE+CHACHA20', want: 'ECDHE-RSA-CHACHA20-POLY1305' },
  { given: '!ECDHE:CHACHA20', want: 'DHE-RSA-CHACHA20-POLY1305' },
]) {
  test(`ciphers: of ${given} remains ${want || 'nothing'}`, () => {
    assert.deepEqual(parse(given), { ciphers: want, refused });
  });
}

test('ciphers: what is no cipher list does not parse', () => {
  for (const text of ['HIGH; ssl_verify_client off', 'HIGH@SECLEVEL=9', 'A'.repeat(5_000)]) {
    assert.equal(parse(text), undefined);
  }
});

test('ciphers: a word means what it means to OpenSSL, as far as that is sound', () => {
  const sound = parse('ALL')?.ciphers.split(':') ?? [];
  assert.equal(sound.length, 9);
  const unsound = getCiphers()
    .map((name) => name.toUpperCase())
    .filter((name) => !name.startsWith('TLS_') && !sound.includes(name));
  const classes =
    'aNULL eNULL PSK SRP ARIA CAMELLIA AESCCM AESCCM8 SHA1 SHA256 SHA384 kRSA aDSS MD5'.split(' ');
  const meansToOpenSsl = (word: string, cipher: string): boolean => {
    const others = [...unsound, ...classes, ...sound.filter((name) => name !== cipher)];
    try {
      createSecureContext({ ciphers: [word, ...others.map((name) => `!${name}`)].join(':') });
      return true;
    } catch {
      return false;
    }
  };
  const words =
    'DEFAULT HIGH MEDIUM LOW TLSv1.2 TLSv1 SSLv3 ECDHE EECDH kECDHE kEECDH ECDH DHE EDH kDHE kEDH DH RSA kRSA aRSA ECDSA aECDSA AES AES128 AES256 AESGCM AESCCM CHACHA20 FIPS SHA256 SHA384 aNULL eNULL PSK ARIA COMPLEMENTOFALL COMPLEMENTOFDEFAULT AES128+ECDHE kDHE+aRSA aNULL+ECDHE AESGCM+NOSUCH ecdhe';
  for (const word of [...words.split(' '), ...sound]) {
    const want = sound.filter((cipher) => meansToOpenSsl(word, cipher));
    assert.equal(parse(word)?.ciphers, want.join(':'), word);
  }
});

test('ciphers: what is refused is named, and why', () => {
  const problem = (text: string): string | undefined => {
    const list = parse(text);
    return list && cipherProblem(list);
  };
  assert.equal(problem('HIGH:!aNULL'), undefined);
  assert.match(problem('aNULL') ?? '', /no cipher for TLS 1\.2, since "aNULL" is refused/);
  assert.match(problem('HIGH:@SECLEVEL=0') ?? '', /^"@SECLEVEL=0" is left out/);
  assert.match(problem('TLS_AES_128_GCM_SHA256') ?? '', /leaves no cipher for TLS 1\.2/);
});

test('ciphers: DHE alone is told apart', () => {
  const isAlone = (text: string): boolean | undefined => {
    const list = parse(text);
    return list && isDheAlone(list);
  };
  assert.equal(isAlone('DHE'), true);
  assert.equal(isAlone('DHE:ECDHE'), false);
  assert.equal(isAlone('aNULL'), false);
});
