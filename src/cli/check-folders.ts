import { statSync } from 'node:fs';
import { StartError } from './check-ports.ts';

/** Throws a `StartError` for one that is a file. What is not there yet, or can't be looked at, is the source's to report. */
export function checkFolders(paths: readonly string[]): void {
  for (const path of paths) {
    if (!isFile(path)) continue;
    throw new StartError(
      `--manifests takes a folder, and ${path} is a file: name the folder that it is in`,
    );
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
