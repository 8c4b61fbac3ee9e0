/**
 * `node handshakes.ts`: full TLS handshakes with one host after the other, some at once. Each line of its standard input is
 * `PORT HOSTS COUNT`, and is answered with how many failed.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';
import { benchHosts } from '../manifests.ts';

const AT_ONCE = 4;

for await (const line of createInterface({ input: process.stdin })) {
  const [port = 0, hostCount = 1, count = 0] = line.split(' ').map(Number);
  const hosts = benchHosts(hostCount);
  let next = 0;
  let failed = 0;
  const work = Array.from({ length: AT_ONCE }, async () => {
    while (next < count) {
      const servername = hosts[next++ % hostCount] ?? '';
      if (!(await shake(port, servername))) failed += 1;
    }
  });
  await Promise.all(work);
  console.log(failed);
}

/** Whether the host's own certificate was shown. */
async function shake(port: number, servername: string): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerCertificate().subject.CN === servername;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
