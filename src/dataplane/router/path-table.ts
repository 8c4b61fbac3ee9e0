import type { RouteMatch } from '../../model/config.ts';

/** An exact path or a prefix, and what it leads to. */
export interface PathEntry<T> {
  readonly match: Exclude<RouteMatch, { kind: 'pattern' }>;
  readonly value: T;
}

/** A segment of the prefixes. Both values: two prefixes that differ in a trailing slash alone. */
interface Node<T> {
  children: Map<string, Node<T>> | undefined;
  withoutSlash: T | undefined;
  withSlash: T | undefined;
}

/**
 * Finds the exact path, else the longest prefix that covers a path by whole segments: `/foo` covers `/foo/bar`, never
 * `/foobar`. Of two that differ in a trailing slash alone, the one with it covers `/foo/…`, the other `/foo`. Of equal
 * entries the first counts. Source: networking/v1 HTTPIngressPath.pathType, routing.md §4.
 */
export class PathTable<T> {
  /** Undefined without entries: most hosts have none, and a look into an empty map costs as much as into a full one. */
  #exact: Map<string, T> | undefined;
  readonly #root: Node<T> = { children: undefined, withoutSlash: undefined, withSlash: undefined };

  constructor(entries: Iterable<PathEntry<T>>) {
    for (const { match, value } of entries) {
      if (match.kind === 'prefix') this.#addPrefix(match.path, value);
      else this.#addExact(match.path, value);
    }
  }

  /** `path` is normalised, or `*`, which only the prefix `/` covers. */
  match(path: string): T | undefined {
    const exact = this.#exact?.get(path);
    if (exact !== undefined) return exact;

    let node: Node<T> | undefined = this.#root;
    let longest = node.withSlash;
    let start = 1;
    while (node.children !== undefined) {
      const slash = path.indexOf('/', start);
      node = node.children.get(slash === -1 ? path.slice(start) : path.slice(start, slash));
      if (node === undefined) break;
      if (slash === -1) return node.withoutSlash ?? node.withSlash ?? longest;
      longest = node.withSlash ?? node.withoutSlash ?? longest;
      start = slash + 1;
    }
    return longest;
  }

  #addExact(path: string, value: T): void {
    this.#exact ??= new Map();
    if (!this.#exact.has(path)) this.#exact.set(path, value);
  }

  #addPrefix(path: string, value: T): void {
    let node = this.#root;
    const hasSlash = path.endsWith('/');
    const inner = path.slice(1, hasSlash ? -1 : undefined);
    for (const segment of inner === '' ? [] : inner.split('/')) {
      node.children ??= new Map();
      let child = node.children.get(segment);
      if (child === undefined) {
        child = { children: undefined, withoutSlash: undefined, withSlash: undefined };
        node.children.set(segment, child);
      }
      node = child;
    }
    if (hasSlash) node.withSlash ??= value;
    else node.withoutSlash ??= value;
  }
}
