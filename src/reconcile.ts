import type { ProxyConfig } from './model/config.ts';
import { findingEffects, type Finding } from './model/finding.ts';
import type { Logger } from './observability/logger.ts';
import { addedItems } from './source/added-items.ts';
import type { Source } from './source/source.ts';
import type { ChangeBatching, Store } from './source/store.ts';
import type { TranslateOptions } from './translate/translate-options.ts';
import { translate, type TranslatedIngresses } from './translate/translate.ts';

export interface ReconcileOptions {
  readonly store: Store;
  /** What fills the store. All of them hear what a translation refers to. */
  readonly sources: readonly Source[];
  readonly translate: TranslateOptions;
  readonly batching: ChangeBatching;
  /**
   * Brings a config to the workers, with what was found on the way; called only once everything has been seen for the first
   * time.
   */
  readonly publish: (config: ProxyConfig, translation: Translation) => void;
  readonly log: Logger;
}

/** What else a translation says of the objects that a config was made from. */
export interface Translation {
  readonly ingresses: TranslatedIngresses;
  readonly findings: readonly Finding[];
}

export interface Reconciler {
  /** What is not known yet of the first complete state; empty once it is, and for ever after. */
  missing(): readonly string[];
  config(): ProxyConfig | undefined;
  findings(): readonly Finding[];
  stop(): void;
}

/**
 * How long a config waits for what it refers to and nobody has told yet: an Ingress that names another Secret shall not
 * present the default certificate until that is fetched.
 */
const LONGEST_HOLD_MS = 500;

/** The whole control flow: objects changed → translate → publish the difference → report what is wrong. */
export function startReconciling(options: ReconcileOptions): Reconciler {
  const { store, sources, batching, publish, log } = options;
  let config: ProxyConfig | undefined;
  let findings: readonly Finding[] = [];
  let complete = false;
  const hold = new Hold(LONGEST_HOLD_MS, () => {
    run();
  });

  const missing = (): string[] => (complete ? [] : sources.flatMap((source) => source.missing()));

  const run = (): void => {
    let result;
    try {
      result = translate(store.snapshot(), options.translate);
    } catch (error) {
      // A defect of ours. The last good table serves on.
      log.error({ err: error }, 'translation failed');
      return;
    }
    for (const source of sources) source.want(result.references);
    complete ||= missing().length === 0;
    if (complete && hold.shallWait(sources.some((source) => source.unanswered().length > 0)))
      return;
    const known = findings;
    // Of a state that is not whole, only what keeps it from being so is worth a word: a missing right, a broken file.
    findings = [...store.findings(), ...(complete ? result.findings : [])];
    logChanges(known, findings, log);
    if (!complete) return;
    config = result.config;
    publish(config, { ingresses: result.ingresses, findings });
  };

  const stopListening = store.onChange(batching, run);
  for (const source of sources) {
    source.onProgress(() => {
      if (!complete || hold.isWaiting) run();
    });
  }
  return {
    missing,
    config: () => config,
    findings: () => findings,
    stop: () => {
      stopListening();
      hold.end();
    },
  };
}

/** A bounded wait: however long the answers take, and whatever else changes meanwhile, it ends `ms` after it began. */
class Hold {
  readonly #ms: number;
  readonly #onEnd: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** Since the last time when nothing was unanswered. */
  #since: number | undefined;

  constructor(ms: number, onEnd: () => void) {
    this.#ms = ms;
    this.#onEnd = onEnd;
  }

  get isWaiting(): boolean {
    return this.#timer !== undefined;
  }

  shallWait(isUnanswered: boolean): boolean {
    this.end();
    if (!isUnanswered) {
      this.#since = undefined;
      return false;
    }
    this.#since ??= performance.now();
    const leftMs = this.#since + this.#ms - performance.now();
    if (leftMs <= 0) return false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#onEnd();
    }, leftMs);
    return true;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/**
 * Each finding is logged once when it appears and once when it is gone. Most are the same objects as before, since
 * translation keeps the identity of what did not change; only the others are compared by their text.
 */
function logChanges(known: readonly Finding[], now: readonly Finding[], log: Logger): void {
  const appeared = addedItems(known, now);
  const gone = addedItems(now, known);
  const before = new Set(gone.map(identify));
  const after = new Set(appeared.map(identify));
  for (const finding of appeared) {
    if (!before.has(identify(finding))) report(finding, log);
  }
  for (const finding of gone) {
    const { code, object, field } = finding;
    if (!after.has(identify(finding))) log.info({ code, object, field }, 'finding resolved');
  }
}

function report({ code, object, field, message }: Finding, log: Logger): void {
  const effect = findingEffects[code];
  log.warn({ code, effect, object, field, detail: message }, 'finding');
}

function identify({ code, object, field, message }: Finding): string {
  return JSON.stringify([code, object, field, message]);
}
