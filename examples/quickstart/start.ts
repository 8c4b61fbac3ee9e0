import { relative, sep } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseServeOptions, type ServeOptions } from '../../src/cli/options.ts';
import { startDemoBackend } from './demo-backend.ts';
import { readBackends } from './manifests.ts';
import { isServing, urlsOf, welcomeText } from './welcome.ts';

/**
 * `npm start`: a server at each address that the manifests beside this file name, and ts-nginx in front of them, in this
 * same process. Further flags are the product's: `npm start -- --http-port 9000`.
 */
const folder = import.meta.dirname;
const shownFolder = relative(process.cwd(), folder).split(sep).join('/');
const args = [
  ...['--manifests', folder],
  ...['--http-port', '8080'],
  ...['--https-port', '8443'],
  // A demo is nobody else's business; `--bind ::` opens it to the network.
  ...['--bind', '127.0.0.1'],
  ...['--healthz-host', '127.0.0.1'],
  ...['--log-level', 'warn'],
  ...process.argv.slice(2),
];

const options = readOptions();
if (options !== undefined) {
  await startBackends(options);
  void welcomeWhenReady(options);
}
// From here on this process is `ts-nginx serve …`; what is wrong with the flags, it says.
const main = new URL('../../src/main.ts', import.meta.url);
process.argv = [process.execPath, fileURLToPath(main), 'serve', ...args];
await import(main.href);

function readOptions(): ServeOptions | undefined {
  try {
    return parseServeOptions(args);
  } catch {
    return undefined;
  }
}

async function startBackends({ ports }: ServeOptions): Promise<void> {
  for (const backend of await readBackends(folder)) {
    try {
      await startDemoBackend({ ...backend, folder, links: urlsOf(ports) });
    } catch (error) {
      const { service, address, port } = backend;
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      const reason = isTaken ? 'is already in use' : `can not be opened (${String(error)})`;
      process.stderr.write(
        `port ${port} of ${address} ${reason}; the demo backend of ${service} needs it: choose another in ${shownFolder}/backends.yaml\n`,
      );
      process.exit(1);
    }
  }
}

/** Speaks only when it is true: ready by its own account, and a request has been answered. */
async function welcomeWhenReady({ ports }: ServeOptions): Promise<void> {
  while (!(await isServing(ports))) await wait(50, undefined, { ref: false });
  process.stdout.write(welcomeText(ports, shownFolder, process.stdout.isTTY));
}
