import { join } from 'node:path';
import type { Certificate } from '../../src/model/config.ts';
import { parseCertificate } from '../../src/translate/certificate.ts';
import { loadCase } from '../golden/load-case.ts';

/** Of `shop.example.com`: `shop/ecdsa`, with a good OCSP response that holds for a hundred years, and `shop/rsa`. */
export function sampleKeyTypes(): { readonly ecdsa: Certificate; readonly rsa: Certificate } {
  const { snapshot } = loadCase(join(import.meta.dirname, '../golden/tls/ocsp-two'));
  const read = (name: string): Certificate => {
    const secret = snapshot.secrets.get(name);
    const result = secret === undefined ? { problem: 'missing' } : parseCertificate(secret);
    if ('problem' in result) throw new Error(`${name}: ${result.problem}`);
    return result.certificate;
  };
  return { ecdsa: read('shop/ecdsa'), rsa: read('shop/rsa') };
}
