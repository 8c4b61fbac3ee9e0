import {
  startAdmissionWebhook,
  type AdmissionWebhook,
  type AdmissionWebhookDeps,
} from '../admission/admission-webhook.ts';
import { CertificateFiles } from '../admission/certificate-files.ts';
import { CertificateKeeper, keeperTiming } from '../admission/certificate-keeper.ts';
import type { CertificateSource } from '../admission/certificate-source.ts';
import type { Finding } from '../model/finding.ts';
import type { Logger } from '../observability/logger.ts';
import { ApiWriter } from '../source/kubernetes/api-writer.ts';
import { Credentials } from '../source/kubernetes/credentials.ts';
import { Http1Transport } from '../source/kubernetes/http1-transport.ts';
import type { Store } from '../source/store.ts';
import type { AdmissionOptions } from './admission-options.ts';
import { StartError } from './check-ports.ts';
import type { ClusterOptions } from './options.ts';

export interface AdmissionContext extends Omit<
  AdmissionWebhookDeps,
  'certificates' | 'onListenFailed'
> {
  readonly cluster: ClusterOptions;
  /** `POD_NAMESPACE` */
  readonly namespace: string;
  readonly store: Store;
  readonly onFatal: (error: Error) => void;
}

/** How long a file that was changed may wait. */
const FILES_INTERVAL_MS = 5_000;
/** Of one request. */
const TIMEOUT_MS = 10_000;
const DEFAULT_NAME = 'ts-nginx-admission';

/** Throws a `StartError` when it is not said where the certificate shall be kept. */
export function startAdmission(
  options: AdmissionOptions,
  { onFatal, ...context }: AdmissionContext,
): AdmissionWebhook {
  return startAdmissionWebhook(options, {
    ...context,
    certificates: createCertificates(options, context),
    onListenFailed: (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      onFatal(new StartError(`can't open the port of --validating-webhook: ${reason}`));
    },
  });
}

function createCertificates(
  { certificate }: AdmissionOptions,
  { cluster, namespace, store, log }: Omit<AdmissionContext, 'onFatal'>,
): CertificateSource {
  const setFindings = (findings: readonly Finding[]): void => {
    store.setFindings('webhook certificate', findings);
  };
  if (certificate.kind === 'files') {
    const options = { ...certificate, intervalMs: FILES_INTERVAL_MS };
    return new CertificateFiles(options, { log, setFindings });
  }
  const [secretNamespace = '', name = ''] = keptIn(certificate.secret, namespace, log);
  return new CertificateKeeper(
    {
      namespace: secretNamespace,
      name,
      configuration: certificate.configuration ?? name,
      failurePolicy: certificate.failurePolicy,
      timing: keeperTiming,
    },
    {
      api: new ApiWriter({
        credentials: new Credentials(cluster),
        transport: new Http1Transport(),
        timeoutMs: TIMEOUT_MS,
      }),
      setFindings,
      log,
    },
  );
}

function keptIn(secret: string | undefined, namespace: string, log: Logger): readonly string[] {
  if (secret !== undefined) return secret.split('/');
  if (namespace === '') {
    throw new StartError(
      '--validating-webhook needs POD_NAMESPACE, or --validating-webhook-secret NAMESPACE/NAME, to know where its certificate is kept',
    );
  }
  log.debug({ secret: `${namespace}/${DEFAULT_NAME}` }, 'webhook certificate is kept in a secret');
  return [namespace, DEFAULT_NAME];
}
