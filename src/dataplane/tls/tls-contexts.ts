import { constants, X509Certificate } from 'node:crypto';
import { createSecureContext, createServer } from 'node:tls';
import type { Server, TLSSocket, TlsOptions } from 'node:tls';
import type { Certificate, ClientVerification } from '../../model/config.ts';
import type { SectionDelta } from '../../model/delta.ts';
import type { ClientSettings, TlsSettings } from '../../model/settings.ts';
import type { Logger } from '../../observability/logger.ts';
import type { ClientHandshake, TlsHandshake } from '../origin.ts';
import type { CompiledHost } from '../router/compiled-host.ts';
import type { HostIndex } from '../router/host-index.ts';
import { ClientVerifier } from './client-verifier.ts';
import { ServerCache, type CachedServer } from './server-cache.ts';
import { stapleOf } from './staple.ts';
import { TicketKeys } from './ticket-keys.ts';

/** The TLS settings, found to be usable. */
export interface CompiledTls {
  readonly settings: TlsSettings;
  /** What all hosts begin with. */
  readonly options: TlsOptions;
}

/** What a server is made of. */
interface Recipe {
  /** One, or one for each type of key, the first preferred; none: handshakes fail, for want of a default certificate. */
  readonly certificates: readonly Certificate[];
  /** Undefined: the name is nobody's. */
  readonly host: CompiledHost | undefined;
  /** Undefined: clients are not asked for a certificate. */
  readonly clients: ClientVerification | undefined;
}

/**
 * At most so many servers are kept, 33 KiB and a third of a millisecond each. That is more than the certificates of a large
 * cluster: it bounds what changed hosts leave behind.
 */
const MAX_SERVERS = 16_384;

/** Throws where OpenSSL does not take the ciphers, groups, versions or parameters. */
export function compileTls(tls: TlsSettings, client: ClientSettings): CompiledTls {
  const { SSL_OP_NO_RENEGOTIATION, SSL_OP_NO_COMPRESSION } = constants;
  const options: TlsOptions = {
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
    ciphers: tls.ciphers,
    ecdhCurve: tls.groups,
    ...(tls.dhParameters === undefined ? {} : { dhparam: tls.dhParameters }),
    honorCipherOrder: true,
    secureOptions: SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION,
    ALPNProtocols: client.http2Streams === 'off' ? ['http/1.1'] : ['h2', 'http/1.1'],
    handshakeTimeout: client.headMs,
    rejectUnauthorized: false,
    allowHalfOpen: true,
  };
  createSecureContext(options);
  return { settings: tls, options };
}

/**
 * Which TLS server a handshake goes to, by the name in its hello; none of them listens. Each has its context from the start:
 * OpenSSL takes versions, ciphers, groups, tickets and a second certificate from the first context of a connection alone. A
 * server is made at its first handshake, shared by the hosts that do not differ in it, and dropped when one of its
 * certificates changes; connections that stand keep theirs.
 */
export class TlsContexts {
  /** Called with each new server, before its first connection. */
  onServer: (server: Server) => void = () => undefined;

  readonly #hosts: HostIndex;
  readonly #log: Logger;
  readonly #certificates = new Map<string, Certificate>();
  readonly #servers = new ServerCache(MAX_SERVERS);
  /** Who judges the clients of servers that ask for certificates. */
  readonly #verifiers = new WeakMap<Server, ClientVerifier>();
  readonly #ticketKeys = new TicketKeys();
  #tls: CompiledTls | undefined;

  constructor(hosts: HostIndex, log: Logger) {
    this.#hosts = hosts;
    this.#log = log;
  }

  /** Table's alone. `tls` undefined: as before. */
  update({ set, remove }: SectionDelta<Certificate>, tls: CompiledTls | undefined): void {
    for (const id of remove) this.#certificates.delete(id);
    for (const certificate of set) this.#certificates.set(certificate.id, certificate);
    for (const id of [...remove, ...set.map((certificate) => certificate.id)]) {
      this.#servers.dropCertificate(id);
    }
    if (tls === undefined) return;
    this.#tls = tls;
    this.#servers.clear();
  }

  /** What ticket keys are made of where the settings name none; a new one ends all sessions. */
  setTicketSecret(secret: Buffer): void {
    this.#ticketKeys.secret = secret;
    if (this.#tls?.settings.tickets !== 'off') this.#servers.clear();
  }

  /**
   * For the name in a hello; empty: none was sent. `reject`: answer with an unrecognized_name alert. Never throws. An exact
   * name or alias decides, then a wildcard, then the default. Source: routing.md §7.1.
   */
  serverFor(serverName: string): Server | 'reject' {
    const name = normaliseName(serverName);
    const exact = this.#hosts.exact(name);
    const hasOwn = exact?.config.certificate !== undefined;
    const host = hasOwn ? exact : (this.#hosts.wildcard(name) ?? exact);
    const { settings } = this.#compiled();
    if (host === undefined && settings.rejectUnknownHosts) return 'reject';
    const clients = this.#clientsOf(name);
    const serverOf = (certificates: readonly Certificate[]): CachedServer =>
      this.#server({ certificates, host, clients });
    const own = host === undefined ? [] : this.#certificatesOf(host, name);
    const chosen = own.length === 0 ? 'refused' : serverOf(own);
    if (chosen !== 'refused') return chosen;
    const byDefault = this.#certificates.get(settings.defaultCertificate);
    const fallback = byDefault === undefined ? 'refused' : serverOf([byDefault]);
    if (fallback !== 'refused') return fallback;
    const empty = serverOf([]);
    return empty === 'refused' ? 'reject' : empty;
  }

  /** What came of a handshake with this server; a second hello (RFC 8446 §4.1.4) may have named another host than the first. */
  handshakeOf(socket: TLSSocket, server: Server): TlsHandshake {
    const { servername } = socket as { readonly servername?: unknown };
    return {
      serverName: typeof servername === 'string' ? normaliseName(servername) : '',
      verdict: this.#verifiers.get(server)?.judge(socket),
    };
  }

  /** Whether the host that a connection was made for wants more of its clients by now, or other CAs. */
  isOutdated(handshake: ClientHandshake): boolean {
    if (handshake === 'plaintext') return false;
    const clients = this.#clientsOf(handshake.serverName);
    return clients !== undefined && clients.fingerprint !== handshake.verdict?.fingerprint;
  }

  /** As requests to the name are routed. Who sends no name is not asked, because no host can be meant. */
  #clientsOf(name: string): ClientVerification | undefined {
    if (name === '') return undefined;
    const clients = this.#hosts.find(name)?.config.clientVerification;
    return clients?.mode === 'off' ? undefined : clients;
  }

  #compiled(): CompiledTls {
    if (this.#tls === undefined) throw new Error('the table has no config yet');
    return this.#tls;
  }

  /** None where they are missing or not for the name: an alias gets them only where they cover it, too. */
  #certificatesOf({ config }: CompiledHost, name: string): readonly Certificate[] {
    const certificates = [config.certificate, config.secondCertificate]
      .map((id) => this.#certificates.get(id ?? ''))
      .filter((certificate) => certificate !== undefined);
    const isAlias = config.name !== name && config.name !== wildcardOf(name);
    return isAlias ? certificates.filter((certificate) => covers(certificate, name)) : certificates;
  }

  #server(recipe: Recipe): CachedServer {
    const key = this.#keyOf(recipe);
    const known = this.#servers.get(key);
    if (known !== undefined) return known;
    const made = this.#createServer(recipe);
    const ids = recipe.certificates.map(({ id }) => id);
    this.#servers.add(key, made, ids);
    return made;
  }

  /** Recipes of the same key give servers that do not differ. */
  #keyOf(recipe: Recipe): string {
    const { certificates, host, clients } = recipe;
    const { ciphers = '', cipherOrder = '' } = host?.config.tls ?? {};
    const hostName = this.#isHostsOwn(recipe) ? (host?.config.name ?? '') : '*';
    const asked = clients?.fingerprint ?? '';
    return [...certificates.map(({ id }) => id), ciphers, cipherOrder, asked, hostName].join(' ');
  }

  /** No session goes from one host to another (security.md §9.3); where certificates are asked for, there is none. */
  #isHostsOwn({ clients }: Recipe): boolean {
    return clients === undefined && this.#compiled().settings.tickets !== 'off';
  }

  #createServer(recipe: Recipe): CachedServer {
    try {
      const server = createServer(this.#optionsOf(recipe));
      const { clients } = recipe;
      if (clients !== undefined) this.#verifiers.set(server, new ClientVerifier(clients));
      const [certificate, second] = recipe.certificates;
      // Which certificate it will be is not known when the response is asked for.
      if (certificate?.ocsp !== undefined && second === undefined) {
        server.on('OCSPRequest', (_certificate, _issuer, done) => {
          done(null, stapleOf(certificate, Date.now()));
        });
      }
      this.onServer(server);
      return server;
    } catch (err) {
      const fields = { certificates: recipe.certificates.map(({ id }) => id), err };
      this.#log.error(fields, 'certificate refused, the default one is presented');
      return 'refused';
    }
  }

  #optionsOf({ certificates, host, clients }: Recipe): TlsOptions {
    const { settings, options } = this.#compiled();
    const { ciphers, cipherOrder } = host?.config.tls ?? {};
    const { tickets } = settings;
    const hasTickets = tickets !== 'off' && clients === undefined;
    return {
      ...options,
      cert: certificates.map(({ chain }) => chain),
      key: certificates.map(({ key }) => key.reveal()),
      requestCert: clients !== undefined,
      ...(clients === undefined ? {} : { ca: clients.ca }),
      ...(clients === undefined || clients.crls.length === 0 ? {} : { crl: [...clients.crls] }),
      ...(ciphers === undefined ? {} : { ciphers }),
      ...(cipherOrder === undefined ? {} : { honorCipherOrder: cipherOrder === 'server' }),
      ...(hasTickets
        ? this.#ticketKeys.optionsFor(host?.config.name ?? '', tickets)
        : { secureOptions: (options.secureOptions ?? 0) | constants.SSL_OP_NO_TICKET }),
    };
  }
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
