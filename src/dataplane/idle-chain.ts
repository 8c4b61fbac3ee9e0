/** A connection that may wait for its next exchange. All but `isIdle` is the chain's alone. */
export interface Idling {
  isIdle: boolean;
  idleBefore: Idling | undefined;
  idleAfter: Idling | undefined;
  destroy(): void;
}

/** All idle connections to endpoints, whatever they speak, by the time since when they are. */
export class IdleChain {
  #oldest: Idling | undefined = undefined;
  #newest: Idling | undefined = undefined;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param limit beyond it the oldest one is destroyed, which takes it out. */
  add(connection: Idling, limit: number): void {
    connection.isIdle = true;
    connection.idleBefore = this.#newest;
    if (this.#newest === undefined) this.#oldest = connection;
    else this.#newest.idleAfter = connection;
    this.#newest = connection;
    this.#count += 1;
    if (this.#count > limit) this.#oldest?.destroy();
  }

  remove(connection: Idling): void {
    const { idleBefore, idleAfter } = connection;
    if (idleBefore === undefined) this.#oldest = idleAfter;
    else idleBefore.idleAfter = idleAfter;
    if (idleAfter === undefined) this.#newest = idleBefore;
    else idleAfter.idleBefore = idleBefore;
    connection.isIdle = false;
    connection.idleBefore = undefined;
    connection.idleAfter = undefined;
    this.#count -= 1;
  }
}
