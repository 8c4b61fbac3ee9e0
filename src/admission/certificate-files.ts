import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import type { Finding } from '../model/finding.ts';
import type { Logger } from '../observability/logger.ts';
import type { CertificateSource } from './certificate-source.ts';
import type { CertificatePair } from './certificate-state.ts';

export interface CertificateFilesOptions {
  /** PEM files. */
  readonly certificate: string;
  readonly key: string;
  readonly intervalMs: number;
}

export interface CertificateFilesDeps {
  readonly log: Logger;
  /** In the place of those that it said before. */
  readonly setFindings: (findings: readonly Finding[]) => void;
}

/**
 * A certificate and its key in two files, read again and again: a mounted Secret changes by symbolic links, which no watch of
 * a file sees. Until both are there and fit together the last ones are served.
 */
export class CertificateFiles implements CertificateSource {
  readonly #options: CertificateFilesOptions;
  readonly #deps: CertificateFilesDeps;
  readonly #stopping = new AbortController();
  #used: CertificatePair | undefined;
  #problem: string | undefined;

  constructor(options: CertificateFilesOptions, deps: CertificateFilesDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  start(use: (pair: CertificatePair) => Promise<void>): void {
    void this.#run(use);
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #run(use: (pair: CertificatePair) => Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#look(use);
        this.#settle(undefined);
      } catch (error) {
        this.#report(error);
      }
      await delay(this.#options.intervalMs, undefined, { signal, ref: false }).catch(
        () => undefined,
      );
    }
  }

  async #look(use: (pair: CertificatePair) => Promise<void>): Promise<void> {
    const [certificate, key] = await Promise.all([
      readFile(this.#options.certificate, 'utf8'),
      readFile(this.#options.key, 'utf8'),
    ]);
    if (certificate === this.#used?.certificate && key === this.#used.key) return;
    // Throws where they are not what they should be, or only one of them is new.
    createSecureContext({ cert: certificate, key });
    await use({ certificate, key });
    this.#used = { certificate, key };
  }

  #report(error: unknown): void {
    this.#settle(error instanceof Error ? error.message : String(error));
  }

  #settle(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    const { log, setFindings } = this.#deps;
    setFindings(problem === undefined ? [] : [this.#finding(problem)]);
    if (problem !== undefined) {
      log.warn({ reason: problem }, 'webhook certificate files can not be used');
    }
  }

  #finding(problem: string): Finding {
    const { certificate, key } = this.#options;
    const state =
      this.#used === undefined
        ? 'the admission webhook does not listen, so Ingresses are written unchecked, or not at all with failurePolicy Fail'
        : 'the last ones that could be used are served';
    return {
      code: 'webhook-certificate-invalid',
      object: `File ${certificate}`,
      field: undefined,
      message: `It can't be used together with ${key} (${problem}): ${state}. Mount a certificate and its key there; both are read again every few seconds.`,
    };
  }
}
