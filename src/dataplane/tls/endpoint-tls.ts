import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import {
  connect,
  createSecureContext,
  type ConnectionOptions,
  type DetailedPeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { EndpointVerification, UpstreamTls } from '../../model/config.ts';
import type { UpstreamFailure } from '../codec.ts';
import { upstreamFailures } from '../upstream-failures.ts';

/** More certificates than this are no chain. */
const MAX_CHAIN = 32;

/** A TLS identity towards endpoints, compiled: all of its connections share one context. */
export class EndpointTls {
  /** Endpoints of clusters that say nothing of it: nothing is checked, no name is sent, no certificate presented. */
  static readonly unverified = new EndpointTls(undefined);

  readonly fingerprint: string;
  /** No cluster has it any more: what runs goes on, and nothing new begins. */
  isRetired = false;
  readonly #verify: EndpointVerification | undefined;
  readonly #roots: ReadonlySet<string>;
  readonly #context: SecureContext;
  readonly #serverName: string;

  /** Throws where OpenSSL does not take it. */
  constructor(config: UpstreamTls | undefined) {
    const verify = config === undefined || config.verify === 'off' ? undefined : config.verify;
    this.fingerprint = config?.fingerprint ?? '';
    this.#verify = verify;
    this.#roots = rootsOf(verify?.ca ?? '');
    this.#context = createEndpointContext(config);
    this.#serverName = config?.serverName ?? '';
  }

  /** The connection says `secureConnect` to whoever answers: ask `problemOf` before a byte is sent. */
  connect(options: ConnectionOptions, protocol: 'h2' | 'http/1.1'): TLSSocket {
    return connect({
      ...options,
      secureContext: this.#context,
      // Empty: none is sent.
      servername: this.#serverName,
      ALPNProtocols: [protocol],
      // Judged by `problemOf`, so that the reason can be told.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
  }

  /** Why the endpoint at the other end is not the one that was meant; undefined: it is. */
  problemOf(socket: TLSSocket): UpstreamFailure | undefined {
    const verify = this.#verify;
    if (verify === undefined) return undefined;
    if (!socket.authorized) return failureOf(socket.authorizationError);
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return upstreamFailures.untrusted;
    if (!isFor(certificate, verify.name)) return upstreamFailures.misnamed;
    const between = countBetween(socket.getPeerCertificate(true), this.#roots);
    return between <= verify.depth ? undefined : upstreamFailures.chainTooLong;
  }
}

function createEndpointContext(config: UpstreamTls | undefined): SecureContext {
  const { verify = 'off', certificate, ciphers, minVersion = 'TLSv1.2' } = config ?? {};
  return createSecureContext({
    // An empty list: the world's public CAs vouch for nobody here.
    ca: verify === 'off' ? [] : verify.ca,
    minVersion,
    maxVersion: config?.maxVersion ?? 'TLSv1.3',
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(certificate === undefined
      ? {}
      : { cert: certificate.chain, key: certificate.key.reveal() }),
  });
}

/** Fingerprints of the self-signed certificates among them. */
function rootsOf(ca: string): ReadonlySet<string> {
  const pems = ca.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const certificates = pems.map((pem) => new X509Certificate(pem));
  const roots = certificates.filter((certificate) => certificate.checkIssued(certificate));
  return new Set(roots.map(({ fingerprint256 }) => fingerprint256));
}

function isFor(certificate: X509Certificate, name: string): boolean {
  if (isIP(name) !== 0) return certificate.checkIP(name) !== undefined;
  return certificate.checkHost(name, { partialWildcards: false }) !== undefined;
}

/** How many certificates stand between the endpoint's and a root; infinite where none is reached. */
function countBetween(leaf: DetailedPeerCertificate, roots: ReadonlySet<string>): number {
  let certificate = leaf;
  for (let between = 0; between < MAX_CHAIN; between++) {
    const issuer = issuerOf(certificate);
    if (issuer === undefined) break;
    if (issuer === certificate || roots.has(issuer.fingerprint256)) return between;
    certificate = issuer;
  }
  return Infinity;
}

/** Node leaves it out where it knows none, whatever its types say. */
function issuerOf(certificate: DetailedPeerCertificate): DetailedPeerCertificate | undefined {
  return certificate.issuerCertificate;
}

/** @param error OpenSSL's name for what is wrong: a text, whatever Node's types say. */
function failureOf(error: unknown): UpstreamFailure {
  const isOld = error === 'CERT_HAS_EXPIRED' || error === 'CERT_NOT_YET_VALID';
  return isOld ? upstreamFailures.expired : upstreamFailures.untrusted;
}

/** Whether a connection failed in TLS rather than on the way: OpenSSL's codes say so. */
export function isHandshakeError(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPROTO' || code?.startsWith('ERR_SSL_') === true;
}
