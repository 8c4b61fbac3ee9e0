import type { KindMap, Resource } from '../../translate/snapshot.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError, GarbageError } from './api-error.ts';
import { isJsonObject, prune } from './prune.ts';
import { pathOf, type WatchTarget } from './watch-target.ts';

export interface ListResult<R extends Resource> {
  readonly objects: readonly KindMap[R][];
  /** Where a watch goes on from, opaque. */
  readonly version: string;
}

interface Page<R extends Resource> extends ListResult<R> {
  readonly next: string | undefined;
}

const PAGE_OBJECTS = 500;

/** All objects of a target, read in pages. Where the pages outlive what the server remembers, all at once. */
export async function readPages<R extends Resource>(
  client: ApiClient,
  target: WatchTarget<R>,
  signal: AbortSignal,
): Promise<ListResult<R>> {
  const limit = { limit: String(PAGE_OBJECTS) };
  const read = async (query: Record<string, string>): Promise<Page<R>> =>
    parsePage(target.resource, await client.getJson(pathOf(target, query), signal));

  let page = await read(limit);
  const objects = [...page.objects];
  while (page.next !== undefined) {
    try {
      page = await read({ ...limit, continue: page.next });
    } catch (error) {
      if (error instanceof ApiError && error.status === 410) return read({});
      throw error;
    }
    objects.push(...page.objects);
  }
  return { objects, version: page.version };
}

function parsePage<R extends Resource>(resource: R, list: unknown): Page<R> {
  const { metadata, items } = isJsonObject(list) ? list : {};
  const version = versionOf(metadata);
  if (!isJsonObject(metadata) || version === undefined) {
    throw new GarbageError('the answer is not a list');
  }
  // Go writes an empty list as null in places.
  const objects = (Array.isArray(items) ? items : []).map((item) => prune(resource, item));
  const next = metadata['continue'];
  return {
    objects: objects.filter((object) => object !== undefined),
    version,
    next: typeof next === 'string' && next !== '' ? next : undefined,
  };
}

/** Undefined: there is none. Opaque to all but `isBefore`. */
export function versionOf(metadata: unknown): string | undefined {
  const version = isJsonObject(metadata) ? metadata['resourceVersion'] : undefined;
  return typeof version === 'string' && version !== '' ? version : undefined;
}

const NUMBER = /^[1-9]\d*$/;

/**
 * Whether a version is older than what came before it in a watch, which means that the server was restored from a backup: a
 * watch from a version that it has not reached any more is not refused by all servers, but brings nothing. Only numbers,
 * of any length, are compared; other versions never are. Source: KEP-5504.
 */
export function isBefore(version: string, last: string | undefined): boolean {
  if (last === undefined || !NUMBER.test(version) || !NUMBER.test(last)) return false;
  return version.length === last.length ? version < last : version.length < last.length;
}
