import type { BigIntStats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface FolderListing {
  /** Manifest files by path, in the order of their paths' code units. */
  readonly files: ReadonlyMap<string, FileStamp>;
  /** The folder and those below it, by path; the value changes when another folder takes that path. */
  readonly folders: ReadonlyMap<string, string>;
}

export interface FileStamp {
  /** Changes when the file's content may have changed. */
  readonly revision: string;
  readonly bytes: number;
}

/** Deeper folders are not read: a link that leads upwards ends here. */
const MAX_DEPTH = 8;

/**
 * Finds the manifests (`*.yaml`, `*.yml`, `*.json`) of a folder and its subfolders. Names that begin with a dot are passed
 * over: editors' swap files, and the `..data` folders of a mounted ConfigMap, whose files are linked from beside them.
 * Rejects where the folder itself can't be read.
 */
export async function listFolder(path: string): Promise<FolderListing> {
  const files: [string, FileStamp][] = [];
  const folders = new Map<string, string>();
  await visit(path, 0, files, folders);
  files.sort(([a], [b]) => (a < b ? -1 : 1));
  return { files: new Map(files), folders };
}

async function visit(
  path: string,
  depth: number,
  files: [string, FileStamp][],
  folders: Map<string, string>,
): Promise<void> {
  const { dev, ino } = await stat(path, { bigint: true });
  const names = await readdir(path);
  folders.set(path, `${dev}:${ino}`);
  await Promise.all(
    names.map(async (name) => {
      if (name.startsWith('.')) return;
      const child = join(path, name);
      const stats = await statIfThere(child);
      if (stats?.isFile() === true && /\.(?:ya?ml|json)$/.test(name)) {
        files.push([child, stampOf(stats)]);
      } else if (stats?.isDirectory() === true && depth < MAX_DEPTH) {
        // A subfolder that goes away, or is closed to us, at this very moment takes only itself out.
        await visit(child, depth + 1, files, folders).catch(() => undefined);
      }
    }),
  );
}

/** Follows links. Undefined: it went away, or is a link to nothing. */
async function statIfThere(path: string): Promise<BigIntStats | undefined> {
  return stat(path, { bigint: true }).catch(() => undefined);
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileStamp {
  return { revision: [dev, ino, size, mtimeNs, ctimeNs].join(':'), bytes: Number(size) };
}
