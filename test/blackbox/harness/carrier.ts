import type { Certificate } from '../../../src/model/config.ts';
import { selfSignedCertificate } from './self-signed.ts';

/** How the bytes of test clients travel: the cases of this process run over it, whatever they ask. */
export type Carrier = 'tcp' | 'tls';

let present: Carrier = 'tcp';

export function carryOver(carrier: Carrier): void {
  present = carrier;
}

export function carrier(): Carrier {
  return present;
}

let made: Certificate | undefined;

/** What every proxy of this process shows; a key takes long to make. */
export function carrierCertificate(): Certificate {
  made ??= selfSignedCertificate('carrier', ['app.test']);
  return made;
}
