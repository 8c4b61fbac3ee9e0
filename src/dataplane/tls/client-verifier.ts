import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { ClientVerification } from '../../model/config.ts';
import { ClientVerdict } from './client-verdict.ts';
import { verifyErrorText } from './verify-errors.ts';

/** More certificates than this are no chain. */
const MAX_CHAIN = 32;

/** A certificate authority, and whether it vouches for itself. */
interface Authority {
  readonly certificate: X509Certificate;
  readonly isRoot: boolean;
}

/** Judges clients by one host's CAs, of which the TLS server that the handshake went to must have been made. */
export class ClientVerifier {
  readonly #config: ClientVerification;
  #authorities: readonly Authority[] | undefined = undefined;

  constructor(config: ClientVerification) {
    this.#config = config;
  }

  /**
   * After the handshake, once a connection.
   * Undefined: nothing is known, because the session was another's; hosts that ask for certificates resume none.
   */
  judge(socket: TLSSocket): ClientVerdict | undefined {
    if (socket.isSessionReused()) return undefined;
    const certificate = socket.getPeerX509Certificate();
    const problem = certificate === undefined ? undefined : this.#problemOf(socket, certificate);
    const { fingerprint } = this.#config;
    return new ClientVerdict({ fingerprint, problem, certificate });
  }

  #problemOf(socket: TLSSocket, certificate: X509Certificate): string | undefined {
    if (!socket.authorized) return verifyErrorText(String(socket.authorizationError));
    const sent = chainOf(socket.getPeerCertificate(true));
    const isShort = this.#reachesRoot(certificate, [...this.#known(), ...sent.map(authorityOf)]);
    return isShort ? undefined : verifyErrorText('CERT_CHAIN_TOO_LONG');
  }

  /**
   * Whether some way to a root of the host's own has at most `depth` CAs in between, as OpenSSL counts for nginx. Node has no
   * setting for it, and the chain that it shows is put together by names: so each step is checked by its signature.
   */
  #reachesRoot(leaf: X509Certificate, authorities: readonly Authority[]): boolean {
    const roots = new Set(this.#known().filter(({ isRoot }) => isRoot));
    const isRootItself = [...roots].some(({ certificate }) => isSame(certificate, leaf));
    if (isRootItself) return true;
    const seen = new Set<string>();
    let level = [leaf];
    for (let between = 0; between <= this.#config.depth && level.length > 0; between++) {
      const above: X509Certificate[] = [];
      for (const certificate of level) {
        for (const authority of authorities) {
          const { fingerprint256 } = authority.certificate;
          if (seen.has(fingerprint256) || !isIssuedBy(certificate, authority.certificate)) continue;
          if (roots.has(authority)) return true;
          seen.add(fingerprint256);
          above.push(authority.certificate);
        }
      }
      level = above;
    }
    return false;
  }

  #known(): readonly Authority[] {
    this.#authorities ??= pemsOf(this.#config.ca).map((pem) =>
      authorityOf(new X509Certificate(pem)),
    );
    return this.#authorities;
  }
}

function pemsOf(ca: string): readonly string[] {
  return ca.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function authorityOf(certificate: X509Certificate): Authority {
  // Whatever else it may be used for: a client's own certificate can be all that a host trusts.
  const isRoot = certificate.subject === certificate.issuer && isSignedBy(certificate, certificate);
  return { certificate, isRoot };
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && isSignedBy(certificate, issuer);
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    return false; // a key of a kind that Node does not know
  }
}

function isSame(one: X509Certificate, other: X509Certificate): boolean {
  return one.fingerprint256 === other.fingerprint256;
}

/** What the client sent along with its certificate, as far as it fits together. */
function chainOf(leaf: DetailedPeerCertificate): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let certificate = issuerOf(leaf);
  for (let last = leaf; certificate !== undefined && certificate !== last;) {
    if (chain.length === MAX_CHAIN) break;
    chain.push(new X509Certificate(certificate.raw));
    last = certificate;
    certificate = issuerOf(certificate);
  }
  return chain;
}

/** Node leaves it out where it knows none, whatever its types say. */
function issuerOf(certificate: DetailedPeerCertificate): DetailedPeerCertificate | undefined {
  return certificate.issuerCertificate;
}
