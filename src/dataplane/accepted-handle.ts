import type { Server } from 'node:net';

/** A connection that was accepted, before Node makes a socket of it; its methods have no public names. */
export interface AcceptedHandle {
  setNoDelay(isOn: boolean): void;
}

interface ListeningHandle {
  onconnection?: (this: ListeningHandle, error: number, accepted?: AcceptedHandle) => void;
}

/**
 * From now on a listening server hands on what it accepts as it is, where `onHandle` takes it (`true`), instead of making a
 * socket of it, which would be thrown away: sockets that read into one buffer can't be had from it (see SocketReader).
 * Where Node has no such place any more, nothing changes.
 */
export function takeHandles(server: Server, onHandle: (accepted: AcceptedHandle) => boolean): void {
  const { _handle: listening } = server as { _handle?: ListeningHandle | null };
  const makeSocket = listening?.onconnection;
  if (!listening || makeSocket === undefined) return;
  listening.onconnection = function (error, accepted) {
    if (error !== 0 || accepted === undefined || !onHandle(accepted)) {
      makeSocket.call(this, error, accepted);
    }
  };
}
