import { readFileSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Logger } from '../../observability/logger.ts';
import type { References } from '../../translate/snapshot.ts';
import type { Source } from '../source.ts';
import type { Store } from '../store.ts';
import { Gate } from '../gate.ts';
import { lookup, type LookupResult } from './lookup.ts';
import { candidateNames, parseResolvConf, type ResolvConf } from './resolv-conf.ts';

export interface DnsOptions {
  /** `address` or `address:port`. Undefined: those of resolv.conf. */
  readonly servers?: readonly string[];
  /** Undefined: that of the system. */
  readonly resolvConf?: ResolvConf;
  /** Until what did not resolve is asked for again. */
  readonly retryMs?: number;
  readonly shortestTtlMs?: number;
  /** Owners of records change their minds sooner than their records say. */
  readonly longestTtlMs?: number;
  /** How long a server is waited for, doubled on the second try. */
  readonly timeoutMs?: number;
}

interface WatchedName {
  /** Asked for once, with whatever outcome. */
  isAnswered: boolean;
  isDropped: boolean;
  timer: NodeJS.Timeout | undefined;
  /** What the last answer was, as it was logged. */
  state?: string;
}

/** Names that are being asked for at once: a cluster's DNS must not suffer from a tenant's thousand dead names. */
const CONCURRENT_LOOKUPS = 16;
const ABSENT: LookupResult = { kind: 'absent' };
const RESOLV_CONF = '/etc/resolv.conf';

/**
 * Resolves the names of ExternalName Services and keeps the answers up to date, for objects of any other source. Like
 * ingress-nginx it asks DNS alone: /etc/hosts is the proxy's own, not its tenants'.
 */
export function createDnsSource(options: DnsOptions, store: Store, log: Logger): Source {
  return new DnsSource(options, store, log);
}

class DnsSource implements Source {
  readonly #options: Required<Omit<DnsOptions, 'servers' | 'resolvConf'>>;
  readonly #resolvConf: ResolvConf;
  readonly #resolver: Resolver;
  readonly #store: Store;
  readonly #log: Logger;
  readonly #gate = new Gate(CONCURRENT_LOOKUPS);
  readonly #names = new Map<string, WatchedName>();
  readonly #progressCallbacks = new Set<() => void>();
  #isComplete = false;

  constructor(options: DnsOptions, store: Store, log: Logger) {
    const { servers, resolvConf, ...rest } = options;
    this.#options = {
      retryMs: 1_000,
      shortestTtlMs: 1_000,
      longestTtlMs: 300_000,
      timeoutMs: 2_000,
      ...rest,
    };
    this.#resolvConf = resolvConf ?? readResolvConf();
    this.#resolver = new Resolver({ timeout: this.#options.timeoutMs, tries: 2 });
    if (servers !== undefined) this.#resolver.setServers(servers);
    this.#store = store;
    this.#log = log;
  }

  /** Nothing is watched before it is wanted. */
  start(): void {
    this.#log.debug({ servers: this.#resolver.getServers() }, 'external names are resolved by dns');
  }

  want({ externalNames }: References): void {
    for (const [name, watched] of this.#names) {
      if (!externalNames.has(name)) this.#drop(name, watched);
    }
    for (const name of externalNames) {
      if (!this.#names.has(name)) this.#add(name);
    }
    this.#isComplete ||= this.unanswered().length === 0;
  }

  missing(): readonly string[] {
    if (this.#isComplete) return [];
    return this.unanswered().map((name) => `external name ${name}: not asked for yet`);
  }

  unanswered(): readonly string[] {
    return [...this.#names].filter(([, { isAnswered }]) => !isAnswered).map(([name]) => name);
  }

  onProgress(callback: () => void): void {
    this.#progressCallbacks.add(callback);
  }

  stop(): Promise<void> {
    for (const [name, watched] of this.#names) this.#drop(name, watched);
    this.#resolver.cancel();
    return Promise.resolve();
  }

  #add(name: string): void {
    const watched: WatchedName = { isAnswered: false, isDropped: false, timer: undefined };
    this.#names.set(name, watched);
    if (isIP(name) === 0) {
      void this.#resolve(name, watched);
    } else {
      watched.isAnswered = true;
      this.#store.setDnsAnswer(name, [name]);
    }
  }

  #drop(name: string, watched: WatchedName): void {
    watched.isDropped = true;
    clearTimeout(watched.timer);
    this.#names.delete(name);
    this.#store.removeDnsAnswer(name);
  }

  /** Asks, keeps the answer, and comes back when that is out of date. */
  async #resolve(name: string, watched: WatchedName): Promise<void> {
    const result = await this.#gate.run(() =>
      watched.isDropped ? ABSENT : lookup(this.#resolver, candidateNames(name, this.#resolvConf)),
    );
    if (watched.isDropped) return;
    this.#logChange(name, watched, result);
    this.#keep(name, result);
    watched.timer = setTimeout(() => {
      void this.#resolve(name, watched);
    }, this.#waitAfter(result));
    this.#answered(watched);
  }

  /** Who does not exist any more gets no traffic; while nobody knows, the last answer stays the best one. */
  #keep(name: string, result: LookupResult): void {
    if (result.kind === 'found') this.#store.setDnsAnswer(name, result.addresses);
    else if (result.kind === 'absent' || !this.#store.snapshot().dnsAnswers.has(name)) {
      this.#store.setDnsAnswer(name, []);
    }
  }

  #waitAfter(result: LookupResult): number {
    const { retryMs, shortestTtlMs, longestTtlMs } = this.#options;
    if (result.kind !== 'found') return retryMs;
    return Math.min(Math.max(result.ttlMs, shortestTtlMs), longestTtlMs);
  }

  #logChange(name: string, watched: WatchedName, result: LookupResult): void {
    const state = result.kind === 'failed' ? result.reason : result.kind;
    if (state === watched.state) return;
    const isMended = watched.state !== undefined && state === 'found';
    watched.state = state;
    if (isMended) this.#log.info({ name }, 'external name resolves again');
    else if (state !== 'found') this.#log.warn({ name, state }, 'external name does not resolve');
  }

  /** One that failed counts too: the others must not wait for it. */
  #answered(watched: WatchedName): void {
    if (watched.isAnswered) return;
    watched.isAnswered = true;
    if (this.unanswered().length > 0) return;
    for (const callback of this.#progressCallbacks) callback();
  }
}

function readResolvConf(): ResolvConf {
  try {
    return parseResolvConf(readFileSync(RESOLV_CONF, 'utf8'));
  } catch {
    return parseResolvConf(''); // as resolver(3) takes a missing file
  }
}
