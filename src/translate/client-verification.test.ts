import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleAuthority } from '../../test/unit/sample-authority.ts';
import { resolveClientVerification, type ClientVerificationResult } from './client-verification.ts';

const { ca } = sampleAuthority('clients');

function resolveWith(authorities: number): ClientVerificationResult | undefined {
  const values = {
    'auth-tls-secret': 'shop/clients',
    'auth-tls-verify-client': undefined,
    'auth-tls-verify-depth': undefined,
    'auth-tls-pass-certificate-to-upstream': undefined,
    'auth-tls-error-page': undefined,
    'auth-tls-match-cn': undefined,
  };
  const wish = { object: 'Ingress shop/web', prefix: 'p', values, secret: 'shop/clients' } as const;
  return resolveClientVerification(wish, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'shop', name: 'clients' },
    data: { 'ca.crt': Buffer.from(ca.repeat(authorities)).toString('base64') },
  });
}

test('more CAs than a handshake should search are refused', () => {
  const most = resolveWith(100);
  assert.ok(most !== undefined && !('problem' in most));
  const tooMany = resolveWith(101);
  assert.ok(tooMany !== undefined && 'problem' in tooMany);
  assert.equal(
    tooMany.problem,
    "The Secret shop/clients can't be used: its ca.crt has 101 certificates, more than 100",
  );
});
