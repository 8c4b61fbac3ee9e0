import { generateKeyPairSync } from 'node:crypto';
import forge from 'node-forge';

export interface Certificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  /** As `Answer.certificateSerial` shows it. */
  readonly serial: string;
}

/** A certificate authority for one test run. */
export class TestAuthority {
  readonly #key = createKey();
  readonly #name = [{ name: 'commonName', value: 'ts-nginx test authority' }];
  readonly pem: string;
  #issued = 0;

  constructor() {
    const certificate = this.#prepare('00CA', this.#name, this.#key.publicKey);
    certificate.setExtensions([{ name: 'basicConstraints', cA: true }]);
    this.pem = this.#sign(certificate);
  }

  /** A leaf certificate for one host, valid for an hour, with a key of its own. */
  issue(host: string): Certificate {
    this.#issued += 1;
    const serial = `00${(0xa000 + this.#issued).toString(16)}`.toUpperCase();
    const key = createKey();
    const subject = [{ name: 'commonName', value: host }];
    const certificate = this.#prepare(serial, subject, key.publicKey);
    certificate.setExtensions([{ name: 'subjectAltName', altNames: [{ type: 2, value: host }] }]);
    return { certificate: this.#sign(certificate), key: key.pem, serial: serial.slice(2) };
  }

  #prepare(
    serial: string,
    subject: forge.pki.CertificateField[],
    publicKey: forge.pki.PublicKey,
  ): forge.pki.Certificate {
    const certificate = forge.pki.createCertificate();
    certificate.serialNumber = serial;
    certificate.publicKey = publicKey;
    certificate.validity.notBefore = new Date(Date.now() - 60_000);
    certificate.validity.notAfter = new Date(Date.now() + 3_600_000);
    certificate.setSubject(subject);
    certificate.setIssuer(this.#name);
    return certificate;
  }

  #sign(certificate: forge.pki.Certificate): string {
    certificate.sign(forge.pki.privateKeyFromPem(this.#key.pem), forge.md.sha256.create());
    return forge.pki.certificateToPem(certificate);
  }
}

function createKey(): { pem: string; publicKey: forge.pki.PublicKey } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  return { pem: privateKey, publicKey: forge.pki.publicKeyFromPem(publicKey) };
}
