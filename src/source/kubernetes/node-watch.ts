import type { References } from '../../translate/snapshot.ts';
import { describe } from './watch-target.ts';
import { Watcher, type WatcherDeps } from './watcher.ts';

/** Watches all Nodes, or the one that is named, or none: what a translation needs of them. */
export class NodeWatch {
  readonly #deps: WatcherDeps;
  readonly #onDrop: (watcher: Watcher) => void;
  /** As JSON. */
  #wanted = JSON.stringify('none');
  #watcher: Watcher | undefined;

  constructor(deps: WatcherDeps, onDrop: (watcher: Watcher) => void) {
    this.#deps = deps;
    this.#onDrop = onDrop;
  }

  want(nodes: References['nodes']): void {
    const name = typeof nodes === 'object' ? nodes.name : undefined;
    const wanted = JSON.stringify(nodes);
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#drop();
    const { store } = this.#deps;
    // What the last watch has read of them stays until the next has its list.
    if (nodes !== 'all') {
      const kept = name === undefined ? undefined : store.get('nodes', name);
      store.replace('nodes', kept === undefined ? [] : [kept]);
    }
    if (nodes === 'none') return;
    this.#watcher = new Watcher({ resource: 'nodes', namespace: undefined, name }, this.#deps);
    this.#watcher.start();
  }

  watchers(): Watcher[] {
    return this.#watcher === undefined ? [] : [this.#watcher];
  }

  stop(): void {
    this.#watcher?.stop();
  }

  #drop(): void {
    if (this.#watcher === undefined) return;
    this.#watcher.stop();
    this.#deps.log.debug({ target: describe(this.#watcher.target) }, 'no longer watched');
    this.#onDrop(this.#watcher);
    this.#watcher = undefined;
  }
}
