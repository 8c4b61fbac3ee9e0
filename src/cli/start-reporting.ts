import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import { createReporter, type Reporter } from '../source/kubernetes/reporter.ts';
import type { Store } from '../source/store.ts';
import type { ServeOptions } from './options.ts';

export interface ReportingContext {
  /** `POD_NAMESPACE` and `POD_NAME`. */
  readonly namespace: string;
  readonly pod: string;
  readonly store: Store;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Begins to write statuses and events to the cluster that is watched; undefined: it is a folder of manifests. */
export function startReporting(
  { manifests, cluster, reporting, translate }: ServeOptions,
  { namespace, pod, store, metrics, log }: ReportingContext,
): Reporter | undefined {
  if (manifests.length > 0) return undefined;
  const { kubeconfig, apiserverHost, certificateAuthority } = cluster;
  const reporter = createReporter(
    {
      kubeconfig,
      apiserverHost,
      certificateAuthority,
      namespace,
      pod,
      ...reporting,
      configMap: translate.configMap,
    },
    store,
    log.child({ component: 'reporter' }),
    {
      onStatusWrite: (result) => {
        metrics.reports.statusWritten(result);
      },
      onEvent: (result) => {
        metrics.reports.eventSent(result);
      },
    },
  );
  if (reporting.election !== 'none') {
    metrics.reports.addLeader({
      name: reporting.election.name,
      isLeader: () => reporter.isLeader(),
    });
  }
  reporter.start();
  return reporter;
}
