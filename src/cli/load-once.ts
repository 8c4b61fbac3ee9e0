import { explain } from '../explain/explain.ts';
import type { Explanation, ExplainRequest } from '../explain/explanation.ts';
import { reportStatus, type StatusReport } from '../explain/status-report.ts';
import type { ProxyConfig } from '../model/config.ts';
import { createLogger } from '../observability/logger.ts';
import { startReconciling } from '../reconcile.ts';
import { Store } from '../source/store.ts';
import { createDefaultCertificate } from '../translate/default-certificate.ts';
import { createSources } from './create-sources.ts';
import { knownIngresses } from './known-ingresses.ts';
import type { ServeOptions } from './options.ts';
import { UsageError } from './parse-flags.ts';

/** The objects of one moment, translated as `serve` would. */
export interface Loaded {
  explain(request: ExplainRequest): Explanation;
  status(): StatusReport;
}

const LONGEST_MS = 30_000;
const STDERR = 2;

/** Reads everything once; rejects with a `UsageError` that says what is missing when it takes over 30 s. */
export async function loadOnce(options: ServeOptions): Promise<Loaded> {
  // What is found is told in the answer; only what fails is logged.
  const log = createLogger({ level: 'error', destinationFd: STDERR });
  const store = new Store();
  const sources = createSources(options, store, log);
  const { promise, resolve, reject } = Promise.withResolvers<ProxyConfig>();
  const reconciler = startReconciling({
    store,
    sources,
    translate: {
      ...options.translate,
      ownAddresses: new Set(),
      ownPorts: new Set(),
      nodeName: undefined,
      defaultCertificate: await createDefaultCertificate(Date.now()),
      now: Date.now,
    },
    batching: options.batching,
    publish: resolve,
    log,
  });
  const timer = setTimeout(() => {
    const missing = reconciler.missing().join(', ');
    reject(new UsageError(`not read in ${LONGEST_MS / 1_000} s: ${missing}`));
  }, LONGEST_MS);
  for (const source of sources) source.start();
  try {
    const config = await promise;
    const explainable = {
      config,
      findings: reconciler.findings(),
      ingresses: knownIngresses(store.snapshot(), options.translate),
    };
    return {
      explain: (request) => explain(explainable, request, log),
      status: () => reportStatus(config, explainable.findings),
    };
  } finally {
    clearTimeout(timer);
    reconciler.stop();
    await Promise.all(sources.map((source) => source.stop()));
  }
}
