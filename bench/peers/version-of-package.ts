import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** `name/version`; undefined: it is not installed. */
export function versionOfPackage(name: string): string | undefined {
  try {
    const path = findPackageJSON(name, import.meta.url);
    if (path === undefined) return undefined;
    const { version } = JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string };
    return `${name}/${version}`;
  } catch {
    return undefined;
  }
}
