import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { StartError } from './cli/check-ports.ts';
import { helpText } from './cli/help.ts';
import { explainCommand, statusCommand } from './cli/inspect.ts';
import { parseServeOptions } from './cli/options.ts';
import { UsageError } from './cli/parse-flags.ts';
import { serve, type RunningServer } from './cli/serve.ts';
import { createLogger } from './observability/logger.ts';

/** The entry point: the only file that reads the environment, takes signals and exits. */

const STDERR = 2;
/** Names by which existing manifests call ingress-nginx's binary, as the first of `args:`. */
const SERVE_NAMES = ['serve', '/nginx-ingress-controller', 'nginx-ingress-controller'];

/**
 * Garbage is collected when memory has grown by 30 %, not by up to 300 %: measured with 5,000 Ingresses, 270 MB less after 200
 * changes, for no more CPU time a request and 5 % more a change.
 */
const HEAP_FLAGS = '--heap-growing-percent=30';
/** The bound that the launcher sets is the main thread's alone; as a flag it would overrule that of each worker. */
const WORKER_HEAP_FLAGS = '--max-semi-space-size=0';

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const [command = ''] = args;
  if (args.includes('--version')) {
    print(`ts-nginx ${readVersion()}`);
    return;
  }
  if (args.includes('--help') || args.includes('-h') || command === 'help') {
    print(helpText());
    return;
  }
  const inspect = { explain: explainCommand, status: statusCommand }[command];
  const isFlag = command.startsWith('-');
  if (inspect === undefined && !isFlag && !SERVE_NAMES.includes(command)) {
    const what = command === '' ? 'no command given' : `unknown command ${JSON.stringify(command)}`;
    return fail(`${what}; ts-nginx --help lists what there is`);
  }
  try {
    if (inspect !== undefined) {
      const { text, exitCode } = await inspect(args.slice(1));
      process.stdout.write(text);
      process.exitCode = exitCode;
    } else await runServe(isFlag ? args : args.slice(1));
  } catch (error) {
    if (error instanceof UsageError || error instanceof StartError) return fail(error.message);
    throw error;
  }
}

async function runServe(args: readonly string[]): Promise<void> {
  setFlagsFromString(HEAP_FLAGS);
  setFlagsFromString(WORKER_HEAP_FLAGS);
  const options = parseServeOptions(args);
  const log = createLogger({ level: options.logLevel, destinationFd: STDERR });
  let server: RunningServer | undefined = undefined;

  const stop = (signal: string): void => {
    log.info({ signal }, 'signal received');
    if (server === undefined) process.exit(0);
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'shutdown failed');
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stop(signal);
      // Whoever asks twice does not want to wait for the drain.
      process.once(signal, () => process.exit(1));
    });
  }

  // Windows has no such signal. Without a handler it ends the process, which nobody means who asks for a profile.
  if (process.platform !== 'win32') process.on('SIGUSR2', () => void server?.writeProfiles());
  // Node's own handler opens a debugger, which runs what it is sent by whoever reaches the loopback (with hostNetwork, the node's).
  if (process.platform !== 'win32') {
    process.on('SIGUSR1', () => {
      log.info({ signal: 'SIGUSR1' }, 'signal has no effect');
    });
  }

  server = await serve(options, {
    version: readVersion(),
    namespace: process.env['POD_NAMESPACE'] ?? '',
    pod: process.env['POD_NAME'] ?? '',
    nodeName: process.env['NODE_NAME'] === '' ? undefined : process.env['NODE_NAME'],
    podAddresses: [process.env['POD_IP'] ?? '', process.env['POD_IPS'] ?? ''],
    log,
    onFatal: (error) => {
      fail(error.message);
    },
  });
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(reason: string): never {
  process.stderr.write(`ts-nginx: ${reason}\n`);
  process.exit(1);
}
