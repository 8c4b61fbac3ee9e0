import { isIPv6 } from 'node:net';
import type { Logger } from '../observability/logger.ts';
import type { CertificateSource } from './certificate-source.ts';
import { validate, type ValidationContext } from './ingress-validator.ts';
import type { AdmissionRequest } from './review.ts';
import type { Verdict } from './verdict.ts';
import { WebhookServer, type Outcome, type WebhookServerOptions } from './webhook-server.ts';

export interface AdmissionWebhookDeps {
  readonly certificates: CertificateSource;
  /** Undefined: not everything has been seen for the first time. */
  readonly context: () => ValidationContext | undefined;
  readonly onOutcome: (outcome: Outcome) => void;
  /** Its port can't be opened. */
  readonly onListenFailed: (error: unknown) => void;
  readonly log: Logger;
}

export interface AdmissionWebhook {
  /** No new request is taken. */
  stop(): Promise<void>;
}

/** Listens from the moment on at which there is a certificate. */
export function startAdmissionWebhook(
  options: WebhookServerOptions,
  deps: AdmissionWebhookDeps,
): AdmissionWebhook {
  const { certificates, context, onOutcome, onListenFailed, log } = deps;
  let server: WebhookServer | undefined;
  const stopping = new AbortController();
  const isStopped = (): boolean => stopping.signal.aborted;
  certificates.start(async (pair) => {
    if (isStopped()) return;
    if (server !== undefined) {
      server.setCertificate(pair);
      log.info('webhook certificate reloaded');
      return;
    }
    const validateNow = (request: AdmissionRequest): Verdict | undefined => {
      const now = context();
      const verdict = now && validate(request, now);
      if (verdict !== undefined && verdict.refusals.length > 0) {
        const object = `Ingress ${request.namespace}/${request.name}`;
        log.info({ object, reasons: verdict.refusals }, 'ingress refused before it is written');
      }
      return verdict;
    };
    try {
      server = await WebhookServer.listen(options, pair, { validate: validateNow, onOutcome, log });
    } catch (error) {
      onListenFailed(error);
      throw error;
    }
    if (isStopped()) await server.close();
    log.info({ address: describeAddress(options.host, server.port) }, 'admission webhook listens');
  });
  return {
    stop: async () => {
      stopping.abort();
      certificates.stop();
      await server?.close();
    },
  };
}

function describeAddress(host = '', port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
