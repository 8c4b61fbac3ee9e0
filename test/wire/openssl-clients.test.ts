/** What `openssl s_client` is offered and shown (security.md §9). */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { startUpstream } from '../blackbox/harness/upstream.ts';
import { skipWithout } from './harness/installed.ts';
import { connectOpenssl, createAuthority } from './harness/openssl.ts';
import { startProduct } from './harness/product.ts';
import { tlsIngress, tlsSecret } from './harness/tls-site.ts';

const skip = skipWithout('openssl');
const SHOP = 'shop.example.com';
const OTHER = 'other.example.com';

/** One host with certificates of both types of key, one with an RSA certificate and an OCSP response. */
async function startSite(t: TestContext, settings: Readonly<Record<string, string>> = {}) {
  const authority = await createAuthority(t);
  const ecdsa = await authority.issue(SHOP, 'ecdsa');
  const rsa = await authority.issue(SHOP, 'rsa');
  const other = await authority.issue(OTHER, 'rsa');
  const { endpoint } = await startUpstream(t, (_request, response) => response.end('hello'));
  const product = await startProduct(t, {
    endpoints: [endpoint.port],
    settings,
    files: {
      'shop.yaml': tlsIngress(SHOP, ['ecdsa', 'rsa']),
      'other.yaml': tlsIngress(OTHER, ['other']),
      'ecdsa.yaml': tlsSecret('ecdsa', ecdsa),
      'rsa.yaml': tlsSecret('rsa', rsa),
      'other-secret.yaml': tlsSecret('other', other, other.ocsp),
    },
  });
  return (args: string, host = SHOP): Promise<string> =>
    connectOpenssl(
      product.httpsPort,
      [
        ...(host === '' ? ['-noservername'] : ['-servername', host]),
        ...args.split(' ').filter(Boolean),
      ],
      authority.folder,
    );
}

test('openssl s_client, with the default settings', { skip, timeout: 120_000 }, async (t) => {
  const shake = await startSite(t);

  await t.test('chains verify, with either type of key', async () => {
    for (const [args, subject] of [
      ['', /subject=CN = ecdsa-/],
      ['-sigalgs ECDSA+SHA256', /subject=CN = ecdsa-/],
      ['-sigalgs RSA-PSS+SHA256', /subject=CN = rsa-/],
      ['-tls1_2', /subject=CN = ecdsa-/],
      ['-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256', /subject=CN = rsa-/],
    ] as const) {
      const printed = await shake(`-verify_return_error -verify_hostname ${SHOP} ${args}`);
      assert.match(printed, /Verify return code: 0 \(ok\)/, args);
      assert.match(printed, subject, args);
      assert.match(printed, /HTTP\/1.1 200/, args);
    }
  });

  await t.test('TLS 1.2 and 1.3, and nothing older', async () => {
    assert.match(await shake('-tls1_3'), /New, TLSv1.3/);
    assert.match(await shake('-tls1_2'), /New, TLSv1.2/);
    for (const version of ['-tls1_1', '-tls1']) {
      const printed = await shake(`${version} -cipher DEFAULT@SECLEVEL=0`);
      assert.match(printed, /alert protocol version/, version);
      assert.match(printed, /New, \(NONE\)/, version);
    }
  });

  await t.test('no CBC, nothing without forward secrecy', async () => {
    for (const cipher of [
      'AES128-GCM-SHA256',
      'ECDHE-RSA-AES128-SHA256',
      'ECDHE-ECDSA-AES256-SHA',
    ]) {
      assert.match(await shake(`-tls1_2 -cipher ${cipher}`), /alert handshake failure/, cipher);
    }
  });

  await t.test('the server’s order of ciphers counts', async () => {
    const args = '-tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256';
    assert.match(await shake(args), /Cipher is ECDHE-ECDSA-AES128-GCM-SHA256/);
  });

  await t.test('groups', async () => {
    assert.match(await shake('-groups X25519'), /Server Temp Key: X25519/);
    assert.match(await shake('-groups P-256'), /Server Temp Key: ECDH, prime256v1/);
  });

  await t.test('an OCSP response goes along', async () => {
    assert.match(
      await shake('-status', OTHER),
      /OCSP Response Status: successful[^]*Cert Status: good/,
    );
    assert.match(await shake('-status'), /OCSP response: no response sent/);
  });

  await t.test('no session is resumed, no renegotiation begun', async () => {
    for (const version of ['-tls1_2', '-tls1_3']) {
      await shake(`${version} -sess_out session.pem`);
      assert.doesNotMatch(await shake(`${version} -sess_in session.pem`), /Reused/, version);
    }
    assert.match(await shake('-tls1_2'), /Secure Renegotiation IS supported/);
  });

  await t.test('unknown names and none get the default certificate', async () => {
    for (const name of ['unknown.test', '']) {
      assert.match(await shake('', name), /generated default certificate/, name);
    }
  });
});

test(
  'openssl s_client, with tickets and unknown names refused',
  { skip, timeout: 120_000 },
  async (t) => {
    const shake = await startSite(t, {
      'ssl-session-tickets': 'true',
      'ssl-reject-handshake': 'true',
      'ssl-ecdh-curve': 'P-384',
    });
    for (const version of ['-tls1_2', '-tls1_3']) {
      assert.match(await shake(`${version} -sess_out session.pem`), /New, /);
      // Any worker will do.
      for (let round = 0; round < 6; round++) {
        assert.match(await shake(`${version} -sess_in session.pem`), /Reused, /, version);
      }
      const elsewhere = await shake(`${version} -sess_in session.pem`, OTHER);
      assert.match(elsewhere, /New, /, 'a ticket of one host is nothing to another');
      assert.match(elsewhere, /HTTP\/1.1 200/);
    }
    for (const name of ['unknown.test', '']) {
      assert.match(await shake('', name), /unrecognized name/, name);
    }
    assert.match(await shake('-groups P-384'), /Server Temp Key: ECDH, secp384r1/);
    assert.match(await shake('-groups X25519'), /alert handshake failure/);
  },
);
