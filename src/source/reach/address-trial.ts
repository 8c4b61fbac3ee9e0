import type { Logger } from '../../observability/logger.ts';
import type { References, UpstreamAddress } from '../../translate/snapshot.ts';
import type { Source } from '../source.ts';
import type { Store } from '../store.ts';
import { tryConnect } from './try-connect.ts';

export interface AddressTrialOptions {
  /** Longest wait for one connection. */
  readonly connectMs?: number;
  /** How long addresses of a kind are waited for that the objects at hand do not give: Nodes and DNS are asked for first. */
  readonly patienceMs?: number;
}

/** The order in which they are tried: the fewer hops the better. */
const ORDER: readonly UpstreamAddress[] = ['endpoints', 'cluster-ip', 'node-port', 'load-balancer'];

/**
 * `--upstream-address=auto`: connects once to a few addresses of each kind, until half of those of one kind can be reached.
 * That kind is used from then on, until the process ends. As long as there is no endpoint at all, there is nothing to try.
 */
export function createAddressTrial(
  options: AddressTrialOptions,
  store: Store,
  log: Logger,
): Source {
  return new AddressTrial(options, store, log);
}

class AddressTrial implements Source {
  readonly #connectMs: number;
  readonly #patienceMs: number;
  readonly #store: Store;
  readonly #log: Logger;
  readonly #progressCallbacks = new Set<() => void>();
  readonly #tried: string[] = [];
  #current = 0;
  #isTrying = false;
  #isDecided = false;
  #patience: NodeJS.Timeout | undefined;

  constructor(options: AddressTrialOptions, store: Store, log: Logger) {
    this.#connectMs = options.connectMs ?? 1_000;
    this.#patienceMs = options.patienceMs ?? 3_000;
    this.#store = store;
    this.#log = log;
  }

  start(): void {
    // The first translation says what there is to try.
  }

  want({ samples }: References): void {
    if (this.#isDecided || this.#isTrying || samples?.address !== ORDER[this.#current]) return;
    const { places = [] } = samples ?? {};
    if (places.length > 0) void this.#try(places);
    else if (this.#current > 0) this.#waitForPlaces();
  }

  missing(): readonly string[] {
    const isUnderWay = this.#isTrying || this.#patience !== undefined || this.#current > 0;
    const address = ORDER[this.#current] ?? '';
    return isUnderWay && !this.#isDecided ? [`--upstream-address=auto: trying ${address}`] : [];
  }

  unanswered(): readonly string[] {
    return [];
  }

  onProgress(callback: () => void): void {
    this.#progressCallbacks.add(callback);
  }

  stop(): Promise<void> {
    this.#isDecided = true;
    clearTimeout(this.#patience);
    return Promise.resolve();
  }

  async #try(places: NonNullable<References['samples']>['places']): Promise<void> {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#isTrying = true;
    const answers = await Promise.all(places.map((place) => tryConnect(place, this.#connectMs)));
    this.#isTrying = false;
    if (this.#isDecided) return;
    const reached = answers.filter(Boolean).length;
    this.#tried.push(`${ORDER[this.#current] ?? ''}: ${reached} of ${places.length}`);
    if (reached * 2 >= places.length) this.#decide(ORDER[this.#current]);
    else this.#next();
  }

  #waitForPlaces(): void {
    this.#patience ??= setTimeout(() => {
      this.#patience = undefined;
      this.#tried.push(`${ORDER[this.#current] ?? ''}: none known`);
      this.#next();
    }, this.#patienceMs);
  }

  #next(): void {
    this.#current += 1;
    const address = ORDER[this.#current];
    if (address === undefined) this.#decide(undefined);
    else this.#store.setAddressTrial({ address, isDecided: false });
  }

  #decide(address: UpstreamAddress | undefined): void {
    this.#isDecided = true;
    const fields = { upstreamAddress: address ?? 'endpoints', tried: this.#tried };
    if (address === undefined) this.#log.warn(fields, 'no upstream address can be reached');
    else this.#log.info(fields, 'upstream address chosen');
    this.#store.setAddressTrial({ address: address ?? 'endpoints', isDecided: true });
    for (const callback of this.#progressCallbacks) callback();
  }
}
