import { once } from 'node:events';
import { connect } from 'node:net';

const LONGEST_MS = 10_000;
const PAUSE_MS = 25;

/** Resolves when somebody accepts connections on this port of loopback. */
export async function untilListening(port: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < LONGEST_MS; waitedMs += PAUSE_MS) {
    if (await isListening(port)) return;
    await once(AbortSignal.timeout(PAUSE_MS), 'abort');
  }
  throw new Error(`nobody listens on ${port}`);
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
