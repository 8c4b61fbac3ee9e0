import { isDeepStrictEqual } from 'node:util';
import type { Finding } from '../../model/finding.ts';
import type { Logger } from '../../observability/logger.ts';
import type { KindMap, ObjectKey, Resource } from '../../translate/snapshot.ts';
import type { Source } from '../source.ts';
import type { Store } from '../store.ts';
import { FolderWatch } from './folder-watch.ts';
import { listFolder, type FolderListing } from './list-folder.ts';
import { ManifestFiles } from './manifest-files.ts';
import { mergeManifests } from './merge-manifests.ts';
import type { RefusedObject } from './read-manifest.ts';

export interface ManifestSourceOptions {
  /** Folders of YAML and JSON files, read with their subfolders; where two define the same object, the first counts. */
  readonly folders: readonly string[];
  /** The one that sets what holds everywhere: where it may be in what can't be read, nothing is complete at the start. */
  readonly configMap?: ObjectKey | undefined;
  /** Every so often all files are looked at again, for what no event told: network file systems, links further up. */
  readonly rescanMs?: number;
  /** A larger file is not read. */
  readonly maxFileBytes?: number;
}

/** Events are gathered until none came for so long, so that a file is mostly read when its writer is done … */
const QUIET_MS = 10;
/** … but for no longer than this. */
const MAX_WAIT_MS = 40;
/** An editor that writes a file anew leaves it missing, empty or cut off for less than this. */
const SETTLE_MS = 40;

/** Objects from folders of manifests, followed as they change. */
export function createManifestSource(
  options: ManifestSourceOptions,
  store: Store,
  log: Logger,
): Source {
  return new ManifestSource(options, store, log);
}

interface Folder {
  readonly path: string;
  readonly files: ManifestFiles;
  listing: FolderListing | undefined;
  /** Why it can't be listed now; what it held before serves on. */
  problem: Finding | undefined;
}

/** The cycle: an event, or the clock → list the folders → read what changed → merge → write to the store. */
class ManifestSource implements Source {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #folders: readonly Folder[];
  readonly #configMap: ObjectKey | undefined;
  readonly #watch: FolderWatch;
  readonly #rescanMs: number;
  readonly #progress: (() => void)[] = [];
  #touched = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #waitingSince: number | undefined;
  #scan: Promise<void> | undefined;
  /** Something was read that the store does not have yet. */
  #changed = false;
  #complete = false;
  #stopped = false;
  #findings: readonly Finding[] = [];
  #ignoredKinds: readonly string[] = [];

  constructor(options: ManifestSourceOptions, store: Store, log: Logger) {
    const { folders, rescanMs = 2_000, maxFileBytes = 4 * 1024 * 1024 } = options;
    this.#store = store;
    this.#configMap = options.configMap;
    this.#log = log;
    this.#rescanMs = rescanMs;
    this.#folders = [...new Set(folders)].map((path) => ({
      path,
      files: new ManifestFiles({ maxFileBytes, settleMs: SETTLE_MS }),
      listing: undefined,
      problem: undefined,
    }));
    this.#watch = new FolderWatch((path) => {
      this.#touched.add(path);
      this.#scanSoon();
    }, log);
  }

  start(): void {
    this.#scanAfter(0);
  }

  want(): void {
    // All that the folders hold is read anyhow.
  }

  missing(): readonly string[] {
    if (this.#complete) return [];
    const folders = this.#folders.filter(({ listing }) => !listing);
    return [...folders.map(({ path }) => `folder ${path}`), ...this.#missingConfigMap()];
  }

  /** Defaults in place of a ConfigMap that can't be read would leave open what it guards. */
  #missingConfigMap(): string[] {
    const key = this.#configMap;
    if (key === undefined || this.#store.get('configmaps', key) !== undefined) return [];
    const refused = this.#folders.flatMap(({ files }) => [...files.refused()]);
    return refused
      .filter((object) => mayBe(object, 'configmaps', key))
      .map(({ why }) => `ConfigMap ${key} can't be read: ${why}`);
  }

  unanswered(): readonly string[] {
    return []; // what is not in a file does not exist
  }

  onProgress(callback: () => void): void {
    this.#progress.push(callback);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#scan;
    this.#watch.close();
  }

  #scanSoon(): void {
    const now = performance.now();
    this.#waitingSince ??= now;
    this.#scanAfter(Math.max(0, Math.min(QUIET_MS, this.#waitingSince + MAX_WAIT_MS - now)));
  }

  #scanAfter(ms: number): void {
    if (this.#stopped || this.#scan !== undefined) return; // a scan looks at the end whether another is due
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#scan = this.#runScan();
    }, ms);
  }

  async #runScan(): Promise<void> {
    this.#waitingSince = undefined;
    let isFresh = false;
    try {
      isFresh = await this.#readFolders();
      if (this.#changed) this.#apply();
    } catch (error) {
      this.#log.error({ err: error }, 'manifests could not be taken over');
    }
    this.#scan = undefined;
    if (this.#touched.size > 0 || isFresh) this.#scanSoon();
    else if (this.#folders.some(({ files }) => files.unsettled)) this.#scanAfter(SETTLE_MS + 1);
    else this.#scanAfter(this.#rescanMs);
  }

  /** True: folders are watched that were not while they were read, so they must be read once more. */
  async #readFolders(): Promise<boolean> {
    const touched = this.#touched;
    this.#touched = new Set();
    await Promise.all(
      this.#folders.map(async (folder) => {
        if (await this.#list(folder)) this.#changed = true;
        if (folder.listing === undefined || folder.problem !== undefined) return;
        if (await folder.files.update(folder.listing.files, touched)) this.#changed = true;
      }),
    );
    if (this.#stopped) return false;
    const watched = this.#folders.flatMap(({ listing }) => [...(listing?.folders ?? [])]);
    return this.#watch.follow(
      new Map(watched),
      this.#folders.map(({ path }) => path),
    );
  }

  /** True: it can be listed and could not before, or the other way round. */
  async #list(folder: Folder): Promise<boolean> {
    const { listing, problem } = folder;
    try {
      folder.listing = await listFolder(folder.path);
      folder.problem = undefined;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      const outcome =
        folder.listing === undefined
          ? 'nothing of it is served'
          : 'what it held before is served on';
      folder.problem = {
        code: 'manifest-unreadable',
        object: `Folder ${folder.path}`,
        field: undefined,
        message: `can not be read (${String(error.code)}); ${outcome}`,
      };
    }
    return listing === undefined || problem?.message !== folder.problem?.message;
  }

  #apply(): void {
    if (this.#stopped) return;
    const { objects, findings } = mergeManifests(
      this.#folders.flatMap(({ files }) => [...files.manifests()]),
    );
    for (const resource of Object.keys(objects) as Resource[]) {
      this.#store.replace(resource, objects[resource] as readonly KindMap[Resource][]);
    }
    const read = this.#folders.flatMap(({ problem, files }) => [
      ...(problem === undefined ? [] : [problem]),
      ...files.findings(),
    ]);
    const all = [...read, ...findings].map(printable);
    if (!isDeepStrictEqual(all, this.#findings)) {
      this.#findings = all;
      this.#store.setFindings('manifests', all);
    }
    this.#changed = false;
    this.#logIgnored();
    this.#reportProgress();
  }

  #reportProgress(): void {
    if (this.#complete) return;
    this.#complete = this.missing().length === 0;
    if (this.#complete)
      this.#log.info({ folders: this.#folders.map(({ path }) => path) }, 'manifests read');
    for (const callback of this.#progress) callback();
  }

  #logIgnored(): void {
    const ignored = this.#folders
      .flatMap(({ files }) => [...files.manifests()])
      .flatMap(([, { ignoredKinds }]) => ignoredKinds);
    const kinds = [...new Set(ignored)].sort();
    if (isDeepStrictEqual(kinds, this.#ignoredKinds)) return;
    this.#ignoredKinds = kinds;
    this.#log.debug({ kinds }, 'manifests hold kinds that are not served');
  }
}

function mayBe(refused: RefusedObject, resource: Resource, key: ObjectKey): boolean {
  if (refused.key !== undefined) return refused.resource === resource && refused.key === key;
  return refused.resource === undefined || refused.resource === resource;
}

/** File names and keys may hold anything; a finding holds no control bytes. */
function printable(finding: Finding): Finding {
  const clean = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
  return {
    code: finding.code,
    object: clean(finding.object),
    field: finding.field === undefined ? undefined : clean(finding.field),
    message: clean(finding.message),
  };
}
