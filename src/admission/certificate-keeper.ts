import { setTimeout as delay } from 'node:timers/promises';
import type { Finding } from '../model/finding.ts';
import type { Logger } from '../observability/logger.ts';
import { ApiError, describeError } from '../source/kubernetes/api-error.ts';
import type { ObjectApi } from '../source/kubernetes/api-writer.ts';
import { Backoff } from '../source/kubernetes/backoff.ts';
import { issueWebhookCertificate } from '../translate/webhook-certificate.ts';
import { readCertificateSecret, writeCertificateSecret } from './certificate-secret.ts';
import type { CertificateSource } from './certificate-source.ts';
import {
  nextStep,
  NO_CERTIFICATE,
  takeStep,
  type CertificatePair,
  type CertificateState,
  type Step,
} from './certificate-state.ts';
import type { JsonObject } from './json-object.ts';
import {
  calledNames,
  trustedAuthorities,
  trustPatch,
  type FailurePolicy,
} from './webhook-configuration.ts';

export interface CertificateKeeperOptions {
  /** The Secret. */
  readonly namespace: string;
  readonly name: string;
  /** Name of the ValidatingWebhookConfiguration. */
  readonly configuration: string;
  /** Undefined: as it is. */
  readonly failurePolicy: FailurePolicy | undefined;
  readonly timing: KeeperTiming;
}

export interface KeeperTiming {
  /** Between two looks. */
  readonly intervalMs: number;
  readonly overlapMs: number;
  /** After a failure. */
  readonly firstRetryMs: number;
  /** Unix time, milliseconds. */
  readonly nowMs: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

export interface CertificateKeeperDeps {
  readonly api: ObjectApi;
  readonly setFindings: (findings: readonly Finding[]) => void;
  readonly log: Logger;
}

/** Looks of all replicas, and API servers that hear of a new authority late, fit into the overlap several times. */
export const keeperTiming: KeeperTiming = {
  intervalMs: 60_000,
  overlapMs: 600_000,
  firstRetryMs: 500,
  nowMs: Date.now,
  random: Math.random,
};

/** Several replicas write the same objects: whoever is late looks again. */
const MOST_CONFLICTS = 10;

/**
 * Makes the webhook's certificate, keeps it in a Secret that all replicas read, renews it in time, and keeps its authorities in
 * the ValidatingWebhookConfiguration. Every replica does so: whoever is first decides, by the objects' resource versions.
 */
export class CertificateKeeper implements CertificateSource {
  readonly #options: CertificateKeeperOptions;
  readonly #deps: CertificateKeeperDeps;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  #used: CertificatePair | undefined;
  #lastFailure: string | undefined;

  constructor(options: CertificateKeeperOptions, deps: CertificateKeeperDeps) {
    const { firstRetryMs: firstMs, intervalMs: maxMs, random } = options.timing;
    this.#options = options;
    this.#deps = deps;
    this.#backoff = new Backoff({ firstMs, maxMs, random });
  }

  start(use: (pair: CertificatePair) => Promise<void>): void {
    void this.#run(use);
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** One look at both objects, and whatever follows from it. Throws as the API does. */
  async round(use: (pair: CertificatePair) => Promise<void>): Promise<void> {
    for (let conflicts = 0; ; conflicts++) {
      try {
        await this.#bringAbout(use);
        return;
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 409) throw error;
        if (conflicts === MOST_CONFLICTS) throw error;
        this.#deps.log.debug('another replica was faster, looking again');
      }
    }
  }

  async #run(use: (pair: CertificatePair) => Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    const { intervalMs, random } = this.#options.timing;
    while (!signal.aborted) {
      let waitMs = intervalMs * (0.8 + 0.4 * random());
      try {
        await this.round(use);
        this.#backoff.reset();
        this.#report(undefined);
      } catch (error) {
        waitMs = this.#backoff.next();
        this.#report(error);
      }
      await delay(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #bringAbout(use: (pair: CertificatePair) => Promise<void>): Promise<void> {
    const configuration = await this.#readConfiguration();
    const isForbidden = configuration instanceof ApiError;
    const { authorities, serving } = await this.#bringSecretAbout(configuration);
    if (serving === undefined || this.#stopping.signal.aborted) return;
    if (serving.certificate !== this.#used?.certificate) {
      await use(serving);
      this.#used = serving;
    }
    // What there is is served all the same; somebody else may have seen to its being trusted.
    if (isForbidden) throw configuration;
    const { failurePolicy } = this.#options;
    const patch = trustPatch(configuration, { authorities, failurePolicy });
    if (patch === undefined) return;
    await this.#deps.api.merge(this.#configurationPath(), patch);
    this.#deps.log.info({ authorities: authorities.length }, 'webhook configuration trusts us');
  }

  /** The error where it must not be read. */
  async #readConfiguration(): Promise<JsonObject | ApiError> {
    try {
      const configuration = await this.#deps.api.get(this.#configurationPath());
      if (calledNames(configuration).length > 0) return configuration;
      throw new Error(`${this.#options.configuration} has no webhooks`);
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) return error;
      throw error;
    }
  }

  async #bringSecretAbout(configuration: JsonObject | ApiError): Promise<CertificateState> {
    const { timing } = this.#options;
    const present = await this.#readSecret();
    const state = present === undefined ? NO_CERTIFICATE : readCertificateSecret(present);
    const known = configuration instanceof ApiError ? undefined : configuration;
    const names = known && calledNames(known);
    const nowMs = timing.nowMs();
    const trusted = known && trustedAuthorities(known);
    const step = nextStep(state, { nowMs, names, trusted, overlapMs: timing.overlapMs });
    if (step === undefined) return state;
    const needsNew = step === 'replace' || step === 'prepare';
    // Without the names that it must be for, none can be made.
    if (needsNew && configuration instanceof ApiError) throw configuration;
    const issued = needsNew ? await issueWebhookCertificate(names ?? [], nowMs) : undefined;
    const changed = takeStep(state, step, { nowMs, issued });
    await this.#writeSecret(changed, present, step);
    return changed;
  }

  async #readSecret(): Promise<JsonObject | undefined> {
    try {
      return await this.#deps.api.get(this.#secretPath(this.#options.name));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  async #writeSecret(
    state: CertificateState,
    present: JsonObject | undefined,
    step: Step,
  ): Promise<void> {
    const { namespace, name } = this.#options;
    const secret = writeCertificateSecret(state, { namespace, name }, present);
    const { api, log } = this.#deps;
    if (present === undefined) await api.create(this.#secretPath(''), secret);
    else await api.replace(this.#secretPath(name), secret);
    log.info({ secret: `${namespace}/${name}`, step }, 'webhook certificate changed');
  }

  #secretPath(name: string): string {
    const { namespace } = this.#options;
    const suffix = name === '' ? '' : `/${encodeURIComponent(name)}`;
    return `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets${suffix}`;
  }

  #configurationPath(): string {
    const name = encodeURIComponent(this.#options.configuration);
    return `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${name}`;
  }

  /** One line, and one finding, a change. */
  #report(error: unknown): void {
    const failure = error === undefined ? undefined : describeError(error);
    if (failure === this.#lastFailure) return;
    this.#lastFailure = failure;
    const { log, setFindings } = this.#deps;
    const isForbidden = error instanceof ApiError && error.status === 403;
    setFindings(isForbidden ? [this.#forbidden(error)] : []);
    if (failure === undefined) log.info('webhook certificate is in order again');
    else log.warn({ reason: failure }, 'webhook certificate can not be kept, trying again');
  }

  #forbidden({ message, right }: ApiError): Finding {
    const { namespace, name, configuration } = this.#options;
    return {
      code: 'write-forbidden',
      object: `ValidatingWebhookConfiguration ${configuration}`,
      field: undefined,
      message:
        `The certificate of the admission webhook can't be kept (${message}): Ingresses are not checked, or by an old certificate. ` +
        `Grant get, create and update of the Secret ${namespace}/${name} and get and patch of this object, or give --validating-webhook-certificate and --validating-webhook-key.`,
      ...(right === undefined ? {} : { right }),
    };
  }
}
