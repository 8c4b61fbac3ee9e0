import { connect } from 'node:net';

export interface Place {
  readonly address: string;
  readonly port: number;
}

/** Whether a TCP connection can be made within that time; it is closed at once. Never rejects. */
export function tryConnect({ address: host, port }: Place, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (isReached: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isReached);
    };
    const timer = setTimeout(finish, timeoutMs, false);
    socket.once('connect', () => {
      finish(true);
    });
    socket.on('error', () => {
      finish(false);
    });
  });
}
