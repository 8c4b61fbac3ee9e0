import { readFile } from 'node:fs/promises';
import type { Finding } from '../../model/finding.ts';
import type { FileStamp } from './list-folder.ts';
import {
  readManifest,
  UnreadableManifest,
  type Manifest,
  type RefusedObject,
} from './read-manifest.ts';

interface FileState {
  readonly revision: string;
  /** The last content that could be read. */
  readonly manifest: Manifest | undefined;
  /** Why what the file says now is not it. */
  readonly problem: Finding | undefined;
  /** When it first looked gone, empty or broken, on `performance.now()`'s clock; undefined: it does not. */
  readonly doubtfulSince: number | undefined;
}

const unknownFile: FileState = {
  revision: '',
  manifest: undefined,
  problem: undefined,
  doubtfulSince: undefined,
};

export interface ManifestFilesOptions {
  readonly maxFileBytes: number;
  /** A file that has objects and then looks gone, empty or broken for less than this is just being written. */
  readonly settleMs: number;
}

/** The files of one folder as they were last read, each with its last good content. */
export class ManifestFiles {
  readonly #options: ManifestFilesOptions;
  #files = new Map<string, FileState>();

  constructor(options: ManifestFilesOptions) {
    this.#options = options;
  }

  /** In the order of their paths. */
  *manifests(): Generator<readonly [path: string, manifest: Manifest]> {
    for (const [path, { manifest }] of this.#files) {
      if (manifest !== undefined) yield [path, manifest];
    }
  }

  findings(): Finding[] {
    return [...this.#files.values()].flatMap(({ manifest, problem }) => [
      ...(problem === undefined ? [] : [problem]),
      ...(manifest?.findings ?? []),
    ]);
  }

  /** What is not served for not being readable. Of a file that can't be read at all, nobody knows what it holds. */
  *refused(): Generator<RefusedObject> {
    for (const [path, { manifest, problem }] of this.#files) {
      if (manifest !== undefined) yield* manifest.refused;
      else if (problem !== undefined) {
        const place = problem.field === undefined ? '' : `, ${problem.field}`;
        yield { resource: undefined, key: undefined, why: `${path}${place}: ${problem.message}` };
      }
    }
  }

  /** Some file is to be looked at again after `settleMs`. */
  get unsettled(): boolean {
    return [...this.#files.values()].some(({ doubtfulSince }) => doubtfulSince !== undefined);
  }

  /** Reads what changed; `touched` are read even if they look the same. True: something is not as it was. */
  async update(
    listed: ReadonlyMap<string, FileStamp>,
    touched: ReadonlySet<string>,
  ): Promise<boolean> {
    const paths = new Set([...listed.keys(), ...this.#files.keys()]);
    const states = await Promise.all(
      [...paths].sort().map(async (path): Promise<[string, FileState | undefined]> => {
        const before = this.#files.get(path) ?? unknownFile;
        const stamp = listed.get(path);
        if (stamp === undefined) return [path, this.#gone(before)];
        const isSettled = before.doubtfulSince === undefined;
        if (before.revision === stamp.revision && isSettled && !touched.has(path)) {
          return [path, before];
        }
        return [path, await this.#read(path, stamp, before)];
      }),
    );
    const before = this.#files;
    this.#files = new Map(
      states.filter((entry): entry is [string, FileState] => entry[1] !== undefined),
    );
    return states.some(([path, state]) => before.get(path) !== state);
  }

  async #read(path: string, stamp: FileStamp, before: FileState): Promise<FileState> {
    try {
      const text = await readText(path, stamp, this.#options.maxFileBytes);
      if (text === before.manifest?.text && before.doubtfulSince === undefined) {
        return { ...unknownFile, revision: stamp.revision, manifest: before.manifest };
      }
      if (text.trim() === '' && before.manifest !== undefined) {
        return this.#doubt(before) ?? { ...unknownFile, revision: stamp.revision };
      }
      const manifest = readManifest(path, text, before.manifest);
      return { ...unknownFile, revision: stamp.revision, manifest };
    } catch (error) {
      if (before.manifest !== undefined) {
        const doubtful = this.#doubt(before);
        if (doubtful !== undefined) return doubtful;
      }
      const problem = describe(path, error, before.manifest !== undefined);
      return {
        revision: stamp.revision,
        manifest: before.manifest,
        problem,
        doubtfulSince: undefined,
      };
    }
  }

  #gone(before: FileState): FileState | undefined {
    return before.manifest === undefined ? undefined : this.#doubt(before);
  }

  /** The same as before for a while yet; undefined when that while is over. */
  #doubt(before: FileState): FileState | undefined {
    const now = performance.now();
    const since = before.doubtfulSince ?? now;
    return now - since >= this.#options.settleMs ? undefined : { ...before, doubtfulSince: since };
  }
}

async function readText(path: string, { bytes }: FileStamp, maxBytes: number): Promise<string> {
  if (bytes > maxBytes) {
    throw new UnreadableManifest(`larger than ${maxBytes} bytes: split it`);
  }
  const content = await readFile(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new UnreadableManifest('not UTF-8 text');
  }
}

function describe(path: string, error: unknown, served: boolean): Finding {
  const outcome = served ? 'what it said before is served on' : 'nothing of it is served';
  return {
    code: 'manifest-unreadable',
    object: `File ${path}`,
    field: error instanceof UnreadableManifest ? error.place : undefined,
    message: `${reasonOf(error)}; ${outcome}`,
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof UnreadableManifest) return error.message;
  if (error instanceof Error && 'syscall' in error) return `can not be read (${error.message})`;
  throw error;
}
