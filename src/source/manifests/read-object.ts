import {
  keyOf,
  type KindMap,
  type ObjectKey,
  type ObjectMeta,
  type Resource,
} from '../../translate/snapshot.ts';
import { formerGroups, kinds, type Kind } from './kinds.ts';
import { object, recordOf, ShapeError, string, strings, type Path } from './shape.ts';

/** An object as the store takes it. */
export interface ReadObject<R extends Resource = Resource> {
  readonly resource: R;
  readonly kind: string;
  readonly key: ObjectKey;
  readonly object: KindMap[R];
}

/** Why an object is not served. */
export interface ObjectProblem {
  readonly path: Path;
  /** Half a sentence: `must be a string`. */
  readonly reason: string;
  /** `Ingress shop/web`, as far as it is known: undefined without a usable name. */
  readonly name: string | undefined;
  readonly resource: Resource | undefined;
  readonly key: ObjectKey | undefined;
}

export type ReadResult =
  | { readonly outcome: 'read'; readonly read: ReadObject }
  | { readonly outcome: 'invalid'; readonly problem: ObjectProblem }
  | { readonly outcome: 'ignored'; readonly kind: string };

/**
 * The objects that one document holds: itself, or the items of a `List`. Throws a `ShapeError` where it is no object of
 * the API at all.
 */
export function readObjects(document: unknown): ReadResult[] {
  if (document === null || document === undefined) return [];
  const { kind, apiVersion, items } = recordOf(document, []);
  const kindText = string(kind ?? '', ['kind']);
  const versionText = string(apiVersion ?? '', ['apiVersion']);
  if (kindText === '') throw new ShapeError(['kind'], 'is missing: this is no Kubernetes object');
  if (versionText === '') throw new ShapeError(['apiVersion'], 'is missing');
  if (!kindText.endsWith('List') || !Array.isArray(items)) {
    return [readOne(document, kindText, versionText, [])];
  }
  return items.map((item: unknown, index) => {
    const path = ['items', index];
    const given = recordOf(item, path);
    // The items of a typed list (`IngressList`) may leave out what the list says for all of them.
    const itemKind = string(given['kind'] ?? kindText.slice(0, -'List'.length), [...path, 'kind']);
    const itemVersion = string(given['apiVersion'] ?? versionText, [...path, 'apiVersion']);
    return readOne(item, itemKind, itemVersion, path);
  });
}

function readOne(value: unknown, kindText: string, apiVersion: string, path: Path): ReadResult {
  const slash = apiVersion.indexOf('/');
  const group = apiVersion.slice(0, Math.max(slash, 0));
  const kind = kinds.find(
    (known) => known.kind === kindText && (known.group === group || formerGroups.includes(group)),
  );
  if (kind === undefined) return { outcome: 'ignored', kind: `${apiVersion} ${kindText}` };
  let metadata: ObjectMeta | undefined;
  try {
    metadata = readMetadata(recordOf(value, path)['metadata'], kind.namespaced, path);
    const wanted = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
    if (apiVersion !== wanted) {
      throw new ShapeError([...path, 'apiVersion'], `must be ${wanted}`);
    }
    const read = { apiVersion, kind: kindText, metadata, ...kind.body(value, path) };
    return { outcome: 'read', read: { ...identify(kind, metadata), object: read } };
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    const known = metadata === undefined ? undefined : identify(kind, metadata);
    const problem: ObjectProblem = {
      path: error.path,
      reason: error.message,
      name: known === undefined ? undefined : `${kind.kind} ${known.key}`,
      resource: kind.resource,
      key: known?.key,
    };
    return { outcome: 'invalid', problem };
  }
}

function identify(kind: Kind, metadata: ObjectMeta): Omit<ReadObject, 'object'> {
  const key = keyOf({ apiVersion: '', kind: '', metadata });
  return { resource: kind.resource, kind: kind.kind, key };
}

const metadataFields = object(
  {
    name: string,
    namespace: string,
    creationTimestamp: string,
    labels: strings,
    annotations: strings,
  },
  ['name'],
);

/**
 * What an export of a live object says of its life there (`uid`, `resourceVersion`) is dropped: a file that was edited
 * would look unchanged by it.
 */
function readMetadata(value: unknown, namespaced: boolean, path: Path): ObjectMeta {
  const here = [...path, 'metadata'];
  const { namespace = 'default', ...rest } = metadataFields(value ?? {}, here);
  checkName(rest.name, 253, [...here, 'name']);
  if (!namespaced) return rest;
  checkName(namespace, 63, [...here, 'namespace']);
  return { ...rest, namespace };
}

/** Names are part of keys, log lines and labels; these bytes are all that the API server lets in. */
function checkName(name: string, maxLength: number, path: Path): void {
  if (name.length <= maxLength && /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(name)) return;
  throw new ShapeError(
    path,
    `must be 1 to ${maxLength} characters of a-z, 0-9, "-" and ".", beginning and ending with a letter or digit`,
  );
}
