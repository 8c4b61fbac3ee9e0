import type { ClientVerification } from '../model/config.ts';
import type { OwnAnswer } from './decide.ts';
import type { FieldBlock } from './field-block.ts';
import { escapeUrl } from './filters/location.ts';
import { compilePattern, type Pattern } from './linear-regex.ts';
import { normaliseTarget } from './normalise-path.ts';
import type { ClientHandshake } from './origin.ts';
import { NO_CERTIFICATE, type ClientVerdict } from './tls/client-verdict.ts';

/** Whom a guard is asked about. */
export interface GuardedRequest {
  /** The name that was routed by. */
  readonly host: string;
  readonly method: string;
  /** It asks for a tunnel: over HTTP/2 such a request counts as a GET, too. */
  readonly upgrade: boolean;
  readonly handshake: ClientHandshake;
}

/** `plaintext`: the request may only be sent to TLS. `path`: it is answered by what is there instead. */
export type GuardDecision =
  | 'passes'
  | 'plaintext'
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'answer'; readonly answer: OwnAnswer };

const refusal = (answer: OwnAnswer): GuardDecision => ({ kind: 'answer', answer });

/** The connection was not made for this host: the client may try again on one of its own (RFC 9110 §15.5.20). */
const MISDIRECTED = refusal({ status: 421, failure: 'connection is for another host' });
/** It was, and the host has other CAs by now, or asks for certificates only since then. */
const OUTDATED = refusal({
  status: 421,
  failure: 'what clients must show has changed since the handshake',
  closes: true,
});
const MISSING: OwnAnswer = {
  status: 400,
  title: 'No required SSL certificate was sent',
  failure: 'no client certificate',
  closes: true,
};
const BAD: OwnAnswer = {
  status: 400,
  title: 'The SSL certificate error',
  failure: 'client certificate is not good',
  closes: true,
};
const UNAUTHORIZED = refusal({
  status: 403,
  text: 'client certificate unauthorized',
  failure: 'client certificate of another subject',
});

/**
 * Lets requests to a host pass whose clients have shown the certificate that it wants, on a connection that was made for this
 * very host. Source: annotations.yaml `auth-tls-*`, routing.md §3, security.md §9.3.
 */
export class ClientGuard {
  readonly #config: ClientVerification;
  readonly #subjects: Pattern | undefined;

  /** Throws where the pattern does not compile. */
  constructor(config: ClientVerification) {
    this.#config = config;
    const { subjectPattern } = config;
    if (subjectPattern === undefined) return;
    this.#subjects = compilePattern(subjectPattern, 'exact-case');
    if (this.#subjects === undefined) throw new Error(`no pattern: ${subjectPattern}`);
  }

  decide(request: GuardedRequest): GuardDecision {
    const { host, handshake } = request;
    const { mode, fingerprint } = this.#config;
    if (mode === 'off') return this.#decideSubject('', 'passes');
    if (handshake === 'plaintext') return 'plaintext';
    const { serverName, verdict } = handshake;
    if (serverName !== host) return MISDIRECTED;
    if (verdict?.fingerprint !== fingerprint) return OUTDATED;
    const refused = this.#refuse(verdict);
    const decision = refused === undefined ? 'passes' : this.#inPlaceOf(refused, request);
    return this.#decideSubject(verdict.subject, decision);
  }

  /** What endpoints are told; once a request may pass. */
  fieldsFor(handshake: ClientHandshake): FieldBlock {
    const { mode, passesCertificate } = this.#config;
    const verdict = mode === 'off' || handshake === 'plaintext' ? undefined : handshake.verdict;
    return (verdict ?? NO_CERTIFICATE).fields(passesCertificate);
  }

  #refuse(verdict: ClientVerdict): OwnAnswer | undefined {
    switch (this.#config.mode) {
      case 'required':
        return verdict.isGood ? undefined : verdict.hasCertificate ? BAD : MISSING;
      case 'optional':
        return verdict.isGood || !verdict.hasCertificate ? undefined : BAD;
      case 'any':
      case 'off':
        return undefined;
    }
  }

  #inPlaceOf(refused: OwnAnswer, { method, upgrade }: GuardedRequest): GuardDecision {
    const { errorPage } = this.#config;
    if (errorPage === undefined) return refusal(refused);
    const { failure = '' } = refused;
    if (!errorPage.startsWith('/')) {
      return refusal({
        status: 302,
        location: escapeUrl(errorPage, 'utf8'),
        failure,
        closes: true,
      });
    }
    const path = normaliseTarget(errorPage)?.path;
    const isForPage = (method === 'GET' || method === 'HEAD') && !upgrade;
    return path === undefined || !isForPage ? refusal(refused) : { kind: 'path', path };
  }

  /** Even the page in place of an answer is only for these. */
  #decideSubject(subject: string, otherwise: GuardDecision): GuardDecision {
    const isAnswer = typeof otherwise === 'object' && otherwise.kind === 'answer';
    if (this.#subjects === undefined || isAnswer) return otherwise;
    const groups = this.#subjects.search(subject);
    return groups === undefined || groups === 'undecided' ? UNAUTHORIZED : otherwise;
  }
}
