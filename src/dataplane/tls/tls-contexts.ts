import type { SecureContext, SecureContextOptions } from 'node:tls';

/** Which certificate a handshake gets. Contexts are made once a certificate, and shared by all hosts that name it. */
export class TlsContexts {
  /**
   * For the SNI of a handshake, undefined without one. `reject`: answer with an unrecognized_name alert. Never throws.
   * Source: routing.md §7.1.
   */
  secureContextFor(sni: string | undefined): SecureContext | 'reject' {
    void sni;
    return 'reject';
  }

  /**
   * For `tls.createServer` and, when the settings or the default certificate change, `server.setSecureContext`: the default
   * certificate and what a context chosen by SNI cannot change (OpenSSL takes versions and ciphers from the server's own).
   */
  serverOptions(): SecureContextOptions {
    return {};
  }
}
