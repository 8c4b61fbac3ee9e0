import type { X509Certificate } from 'node:crypto';
import { FieldBlock } from '../field-block.ts';
import { FieldKind, FieldList } from '../fields.ts';
import { distinguishedName } from './distinguished-name.ts';

/** What a handshake said of its client, on a host that asks for certificates. It holds for its connection. */
export class ClientVerdict {
  /** Of the verification that it was judged by. */
  readonly fingerprint: string;
  /** `$ssl_client_verify` of nginx: `SUCCESS`, `NONE` or `FAILED:` and what is wrong. */
  readonly result: string;
  /** RFC 2253, ASCII; empty without a certificate. */
  readonly subject: string;
  readonly #certificate: X509Certificate | undefined;
  #fields: FieldBlock | undefined = undefined;
  #fieldsWithCertificate: FieldBlock | undefined = undefined;

  constructor(parts: {
    readonly fingerprint: string;
    /** Undefined: it is good, or there is none. */
    readonly problem: string | undefined;
    readonly certificate: X509Certificate | undefined;
  }) {
    const { fingerprint, problem, certificate } = parts;
    this.fingerprint = fingerprint;
    this.#certificate = certificate;
    const isBad = problem !== undefined;
    this.result = certificate === undefined ? 'NONE' : isBad ? `FAILED:${problem}` : 'SUCCESS';
    this.subject = distinguishedName(certificate?.subject);
  }

  get hasCertificate(): boolean {
    return this.#certificate !== undefined;
  }

  get isGood(): boolean {
    return this.result === 'SUCCESS';
  }

  /** What endpoints are told of it; made once. */
  fields(withCertificate: boolean): FieldBlock {
    if (!withCertificate) return (this.#fields ??= this.#makeFields(false));
    return (this.#fieldsWithCertificate ??= this.#makeFields(true));
  }

  /** Source: annotations.yaml `auth-tls-secret`, `auth-tls-pass-certificate-to-upstream`. */
  #makeFields(withCertificate: boolean): FieldBlock {
    const certificate = this.#certificate;
    const fields = new FieldList();
    const add = (name: string, value: string): void => {
      if (value !== '') fields.push(name, value, FieldKind.SslClient);
    };
    if (withCertificate) add('ssl-client-cert', encodeURIComponent(certificate?.toString() ?? ''));
    add('ssl-client-verify', this.result);
    add('ssl-client-subject-dn', this.subject);
    add('ssl-client-issuer-dn', distinguishedName(certificate?.issuer));
    return new FieldBlock(fields);
  }
}

/** What endpoints are told where nobody was asked. */
export const NO_CERTIFICATE = new ClientVerdict({
  fingerprint: '',
  problem: undefined,
  certificate: undefined,
});
