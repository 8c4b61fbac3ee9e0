import { once } from 'node:events';
import type { Server } from 'node:http';
import { createEchoServer } from './echo-server.ts';
import { environmentOf, type Container, type Pod } from './pod.ts';

/** A container that runs. */
export interface RunningContainer {
  /** Asks it to end (SIGTERM); after `graceMs` it has to. Resolves when nothing of it is left. */
  stop(graceMs: number): Promise<void>;
}

/** Starts one container of `pod` at `address`. */
export type StartContainer = (
  container: Container,
  pod: Pod,
  address: string,
) => Promise<RunningContainer>;

/** An echo server on each TCP port of the container, whatever its image and command say. */
export const startEchoContainer: StartContainer = async (container, pod, address) => {
  const env = environmentOf(container, pod, address);
  const ports = (container.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP');
  const servers: Server[] = [];
  for (const { containerPort } of ports) {
    const server = createEchoServer({ POD_NAME: pod.metadata.name, ...env });
    server.keepAliveTimeout = 0; // a pod that hangs up by itself would blur who closed a connection
    servers.push(server);
    server.listen(containerPort, address);
    await once(server, 'listening');
  }
  return {
    stop: async (graceMs) => {
      await Promise.all(servers.map((server) => closeWithin(server, graceMs)));
    },
  };
};

async function closeWithin(server: Server, graceMs: number): Promise<void> {
  const timer = setTimeout(() => {
    server.closeAllConnections();
  }, graceMs);
  const closed = once(server, 'close');
  server.close(); // idle connections end at once, the others with their answer
  await closed;
  clearTimeout(timer);
}
