import type { ObjectKey } from '../../translate/snapshot.ts';
import { targetOfKey } from './watch-target.ts';
import { Watcher, type WatcherDeps } from './watcher.ts';

/**
 * Watches exactly those Secrets, or ConfigMaps, that a translation refers to: a list and a watch for each one, selected by
 * its name, which works under a role that grants all of them as well as under one that grants single names.
 */
export class ReferencedWatches {
  readonly #resource: 'secrets' | 'configmaps';
  readonly #deps: WatcherDeps;
  readonly #watchers = new Map<ObjectKey, Watcher>();
  readonly #onDrop: (watcher: Watcher) => void;

  constructor(
    resource: 'secrets' | 'configmaps',
    deps: WatcherDeps,
    onDrop: (watcher: Watcher) => void,
  ) {
    this.#resource = resource;
    this.#deps = deps;
    this.#onDrop = onDrop;
  }

  /** What is new is fetched; what is no longer named is forgotten. */
  want(keys: ReadonlySet<ObjectKey>): void {
    for (const [key, watcher] of this.#watchers) {
      if (!keys.has(key)) this.#drop(key, watcher);
    }
    for (const key of keys) {
      if (!this.#watchers.has(key)) this.#add(key);
    }
  }

  watchers(): Iterable<Watcher> {
    return this.#watchers.values();
  }

  stop(): void {
    for (const watcher of this.#watchers.values()) watcher.stop();
  }

  #add(key: ObjectKey): void {
    // A key that no object can have is known to be missing.
    const target = targetOfKey(this.#resource, key);
    if (target === undefined) return;
    const watcher = new Watcher(target, this.#deps);
    this.#watchers.set(key, watcher);
    watcher.start();
  }

  #drop(key: ObjectKey, watcher: Watcher): void {
    watcher.stop();
    this.#watchers.delete(key);
    this.#deps.store.remove(this.#resource, key);
    this.#onDrop(watcher);
  }
}
