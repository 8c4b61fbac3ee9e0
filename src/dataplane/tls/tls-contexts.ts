import { constants, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { SecureContext, SecureContextOptions } from 'node:tls';
import type { Certificate } from '../../model/config.ts';
import type { SectionDelta } from '../../model/delta.ts';
import type { TlsSettings } from '../../model/settings.ts';
import type { Logger } from '../../observability/logger.ts';
import type { HostTable } from '../router/compiled-host.ts';
import type { HostIndex } from '../router/host-index.ts';

/** The TLS settings, found to be usable. */
export interface CompiledTls {
  readonly settings: TlsSettings;
  readonly options: SecureContextOptions;
  /** Presents no certificate, so that handshakes fail: for want of a default one. */
  readonly empty: SecureContext;
}

/** A certificate and the context made of it at its first handshake: a quarter of a millisecond and 40 KiB each. */
interface Entry {
  readonly certificate: Certificate;
  context: SecureContext | 'refused' | undefined;
}

/** Throws where OpenSSL does not take the ciphers or versions. */
export function compileTls(settings: TlsSettings): CompiledTls {
  const { minVersion, maxVersion, ciphers } = settings;
  const { SSL_OP_NO_TICKET, SSL_OP_NO_RENEGOTIATION, SSL_OP_NO_COMPRESSION } = constants;
  const options: SecureContextOptions = {
    minVersion,
    maxVersion,
    ciphers,
    honorCipherOrder: true,
    secureOptions: SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION,
  };
  return { settings, options, empty: createSecureContext(options) };
}

/**
 * Which certificate a handshake gets. A context is made once a certificate, shared by all hosts that name it, and replaced
 * with the certificate; connections that stand keep theirs.
 */
export class TlsContexts {
  readonly #hosts: HostIndex;
  readonly #log: Logger;
  readonly #entries = new Map<string, Entry>();
  readonly #askedNames = new Set<string>();
  #tls: CompiledTls | undefined;

  constructor(hosts: HostIndex, log: Logger) {
    this.#hosts = hosts;
    this.#log = log;
  }

  /** Table's alone. `tls` undefined: as before. */
  update(certificates: SectionDelta<Certificate>, tls: CompiledTls | undefined): void {
    for (const id of certificates.remove) this.#entries.delete(id);
    for (const certificate of certificates.set) {
      this.#entries.set(certificate.id, { certificate, context: undefined });
    }
    if (tls === undefined) return;
    this.#tls = tls;
    for (const entry of this.#entries.values()) entry.context = undefined;
  }

  /**
   * For the SNI of a handshake; undefined or empty: none was sent. `reject`: answer with an unrecognized_name alert. Never
   * throws. An exact name or alias decides, then a wildcard, then the default. Source: routing.md §7.1.
   */
  secureContextFor(sni: string | undefined): SecureContext | 'reject' {
    const name = normaliseName(sni ?? '');
    const exact = this.#hosts.exact(name);
    const hasOwn = exact?.config.certificate !== undefined;
    const host = hasOwn ? exact : (this.#hosts.wildcard(name) ?? exact);
    if (host === undefined && this.#tls?.settings.rejectUnknownHosts === true) return 'reject';
    const own = host === undefined ? undefined : this.#contextOfHost(host, name);
    return own ?? this.#defaultContext();
  }

  /** Whether there is a name whose clients are asked for a certificate: hellos are read first then. */
  get asksAnyForCertificate(): boolean {
    return this.#askedNames.size > 0;
  }

  /** Whether clients that ask for this name (empty: for none) are asked for a certificate. */
  asksForCertificate(sni: string): boolean {
    return this.#askedNames.has(normaliseName(sni));
  }

  /**
   * For `tls.createServer` and, after a change of settings or of the default certificate, `server.setSecureContext`: the
   * default certificate, and what a context chosen by SNI can't change (OpenSSL takes versions and ciphers from the first).
   * Node asks nobody about a client that sends no SNI: where unknown hosts are rejected, there is no certificate for it.
   */
  serverOptions(): SecureContextOptions {
    const rejects = this.#tls?.settings.rejectUnknownHosts === true;
    const entry = rejects ? undefined : this.#defaultEntry();
    if (entry === undefined || this.#contextOf(entry) === undefined)
      return { ...this.#tls?.options };
    return { ...this.#tls?.options, ...pemOf(entry.certificate) };
  }

  /** An alias gets its host's certificate only where that covers the alias too. */
  #contextOfHost({ config }: HostTable, name: string): SecureContext | undefined {
    const entry = this.#entries.get(config.certificate ?? '');
    const context = entry === undefined ? undefined : this.#contextOf(entry);
    if (entry === undefined || context === undefined) return undefined;
    const isAlias = config.name !== name && config.name !== wildcardOf(name);
    return isAlias && !covers(entry.certificate, name) ? undefined : context;
  }

  #defaultEntry(): Entry | undefined {
    return this.#entries.get(this.#tls?.settings.defaultCertificate ?? '');
  }

  #defaultContext(): SecureContext {
    const entry = this.#defaultEntry();
    const context = entry === undefined ? undefined : this.#contextOf(entry);
    return context ?? this.#tls?.empty ?? createSecureContext();
  }

  /** Undefined where OpenSSL refuses the certificate, which is logged once. */
  #contextOf(entry: Entry): SecureContext | undefined {
    entry.context ??= this.#createContext(entry.certificate);
    return entry.context === 'refused' ? undefined : entry.context;
  }

  #createContext(certificate: Certificate): SecureContext | 'refused' {
    try {
      return createSecureContext({ ...this.#tls?.options, ...pemOf(certificate) });
    } catch (err) {
      const fields = { certificate: certificate.id, err };
      this.#log.error(fields, 'certificate refused, the default one is presented');
      return 'refused';
    }
  }
}

function pemOf({ chain, key }: Certificate): { cert: string; key: string } {
  return { cert: chain, key: key.reveal() };
}

function covers({ chain }: Certificate, name: string): boolean {
  return new X509Certificate(chain).checkHost(name) !== undefined;
}

function normaliseName(sni: string): string {
  const lower = sni.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

function wildcardOf(name: string): string {
  return `*${name.slice(name.indexOf('.'))}`;
}
