import type { Logger } from '../../observability/logger.ts';
import type { Source } from '../source.ts';
import type { Store } from '../store.ts';

export interface ManifestSourceOptions {
  /** Folders of YAML and JSON files, read with their subfolders; where two define the same object, the first counts. */
  readonly folders: readonly string[];
  /** Every so often all files are looked at again, for what no event told: network file systems, swapped parents. */
  readonly rescanMs?: number;
  /** A larger file is not read. */
  readonly maxFileBytes?: number;
}

/** Objects from folders of manifests, followed as they change. */
export function createManifestSource(
  _options: ManifestSourceOptions,
  _store: Store,
  _log: Logger,
): Source {
  throw new Error('not yet');
}
