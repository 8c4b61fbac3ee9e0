import type { PublishedAddresses } from '../source/kubernetes/status/address-reader.ts';
import type { ReporterOptions } from '../source/kubernetes/reporter.ts';
import { UsageError } from './parse-flags.ts';

/** What is written back to the cluster. Source: cli.md §1.4. */
export type ReportingOptions = Pick<ReporterOptions, 'election' | 'status' | 'syncEvents'>;

/** What of the flags is read here, by their types. */
interface Flags {
  text(name: string): string | undefined;
  boolean(name: string, byDefault?: boolean): boolean;
  list(name: string): string[];
  integer(name: string, byDefault: number, min: number, max: number): number;
  duration(name: string, byDefaultMs: number): number;
  objectKey(name: string): string | undefined;
}

/** As in ingress-nginx: fewer count as so many. */
const SHORTEST_INTERVAL_SECONDS = 5;
const SHORTEST_TTL_MS = 1_000;

/** Throws a `UsageError` that names the flag and the remedy. */
export function parseReportingOptions(flags: Flags): ReportingOptions {
  const published = parsePublished(flags);
  const intervalSeconds = Math.max(
    SHORTEST_INTERVAL_SECONDS,
    flags.integer('status-update-interval', 60, 0, 86_400),
  );
  return {
    election: parseElection(flags),
    status: flags.boolean('update-status', true)
      ? {
          published,
          intervalMs: intervalSeconds * 1_000,
          clearOnShutdown: flags.boolean('update-status-on-shutdown', true),
        }
      : 'none',
    syncEvents: !flags.boolean('disable-sync-events'),
  };
}

function parseElection(flags: Flags): ReportingOptions['election'] {
  const ttlMs = flags.duration('election-ttl', 30_000);
  if (flags.boolean('disable-leader-election')) return 'none';
  if (ttlMs < SHORTEST_TTL_MS) throw new UsageError('--election-ttl is at least 1s');
  return { name: flags.text('election-id') ?? 'ts-nginx-leader', ttlMs };
}

function parsePublished(flags: Flags): PublishedAddresses {
  const service = flags.objectKey('publish-service');
  const addresses = flags.list('publish-status-address');
  if (service !== undefined && addresses.length > 0) {
    throw new UsageError('--publish-service and --publish-status-address exclude each other');
  }
  if (service !== undefined) return { kind: 'service', service };
  if (addresses.length > 0) return { kind: 'fixed', addresses };
  return { kind: 'nodes', prefersInternal: flags.boolean('report-node-internal-ip-address') };
}
