import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import type { Logger } from '../observability/logger.ts';
import type { CertificateSource } from './certificate-source.ts';
import type { CertificatePair } from './certificate-state.ts';

export interface CertificateFilesOptions {
  /** PEM files. */
  readonly certificate: string;
  readonly key: string;
  readonly intervalMs: number;
}

/**
 * A certificate and its key in two files, read again and again: a mounted Secret changes by symbolic links, which no watch of
 * a file sees. Until both are there and fit together the last ones are served.
 */
export class CertificateFiles implements CertificateSource {
  readonly #options: CertificateFilesOptions;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #used: CertificatePair | undefined;
  #problem: string | undefined;

  constructor(options: CertificateFilesOptions, log: Logger) {
    this.#options = options;
    this.#log = log;
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
        this.#problem = undefined;
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
    const problem = error instanceof Error ? error.message : String(error);
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#log.warn({ reason: problem }, 'webhook certificate files can not be used');
  }
}
