import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Logger } from '../../observability/logger.ts';

interface Watched {
  readonly identity: string;
  readonly watcher: FSWatcher;
}

/**
 * Tells of changes in folders: one watch for each, as Node's recursive one follows neither links nor folders that take
 * another's place.
 */
export class FolderWatch {
  readonly #onEvent: (path: string) => void;
  readonly #log: Logger;
  readonly #watched = new Map<string, Watched>();
  #saidUnwatchable = false;

  /** `onEvent` gets the path that changed, or that of its folder. */
  constructor(onEvent: (path: string) => void, log: Logger) {
    this.#onEvent = onEvent;
    this.#log = log;
  }

  /**
   * Watches exactly these: folders by path, with what tells that another folder took the path; and the places of `roots`
   * themselves, so that one that is linked elsewhere, or made later, is seen. True: some are new, so something may have
   * changed in them before.
   */
  follow(folders: ReadonlyMap<string, string>, roots: readonly string[]): boolean {
    const wanted = new Map([...folders].map(([path, identity]) => [`in ${path}`, identity]));
    for (const root of roots) wanted.set(`at ${root}`, '');
    for (const [place, { identity, watcher }] of this.#watched) {
      if (wanted.get(place) === identity) continue;
      watcher.close();
      this.#watched.delete(place);
    }
    let added = false;
    for (const [place, identity] of wanted) {
      if (!this.#watched.has(place) && this.#watch(place, identity)) added = true;
    }
    return added;
  }

  close(): void {
    for (const { watcher } of this.#watched.values()) watcher.close();
    this.#watched.clear();
  }

  #watch(place: string, identity: string): boolean {
    const isRoot = place.startsWith('at ');
    const path = place.slice(3);
    const folder = isRoot ? dirname(resolve(path)) : path;
    try {
      const watcher = watch(folder, (_type, name) => {
        if (!isRoot) this.#onEvent(name === null ? path : join(path, name));
        else if (name === null || name === basename(resolve(path))) this.#onEvent(path);
      });
      watcher.on('error', () => {
        watcher.close();
        if (this.#watched.get(place)?.watcher === watcher) this.#watched.delete(place);
      });
      this.#watched.set(place, { identity, watcher });
      return true;
    } catch (error) {
      this.#sayUnwatchable(folder, error);
      return false;
    }
  }

  /** Once: too few inotify watches, mostly, and then it is so for many folders. */
  #sayUnwatchable(folder: string, error: unknown): void {
    if (this.#saidUnwatchable) return;
    this.#saidUnwatchable = true;
    this.#log.warn({ folder, err: error }, 'folder can not be watched, changes are seen later');
  }
}
