import { createServer } from 'node:net';
import type { PortOptions } from './options.ts';

/** Why the process can't start: one line that names the flag and the remedy. */
export class StartError extends Error {}

/**
 * Makes sure that the ports are ours before anything starts. The workers share theirs by SO_REUSEPORT, with which a second
 * ts-nginx of the same user would be let in silently and take half of the connections; here it is refused. Returns the
 * address to bind: `0.0.0.0` where `::` was only the default and the machine has no IPv6.
 */
export async function checkPorts(ports: PortOptions): Promise<PortOptions> {
  const bind = await bindable(ports.bind);
  await checkPort('--http-port', ports.http, bind);
  await checkPort('--https-port', ports.https, bind);
  await checkPort('--healthz-port', ports.admin, ports.adminHost ?? bind);
  return { ...ports, bind, adminHost: ports.adminHost ?? bind };
}

async function bindable(bind: string): Promise<string> {
  if (bind !== '::') return bind;
  const code = await tryListen(0, bind);
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL' ? '0.0.0.0' : bind;
}

/** The same for one port. */
export async function checkPort(flag: string, port: number, host: string): Promise<void> {
  const code = await tryListen(port, host);
  if (code === undefined) return;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is already in use; choose another with ${flag}`,
    EACCES: `no permission to open port ${port}; add the capability NET_BIND_SERVICE or choose a port above 1023 with ${flag}`,
    EADDRNOTAVAIL: `address ${host} is not one of this machine; choose another for ${flag}`,
  };
  throw new StartError(reasons[code] ?? `can't open port ${port} (${flag}): ${code}`);
}

/** Undefined: it worked, and is closed again. */
async function tryListen(port: number, host: string): Promise<string | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
    server.listen({ port, host, exclusive: true }, () => {
      server.close(() => {
        resolve(undefined);
      });
    });
  });
}
