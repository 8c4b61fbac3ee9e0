import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Child, run, type Ended } from './child.ts';

const root = join(import.meta.dirname, '../..');

/** Stands in for the product: tells how it was started, and does as it is told. */
const STUB = `
const [command, ...args]: string[] = process.argv.slice(2);
const { pid, version, argv, execArgv: flags } = process;
console.log(JSON.stringify({ pid, version, command, args, flags, entry: argv[1] }));
if (command === 'exit') process.exitCode = Number(args[0]);
if (command === 'die') process.kill(process.pid, args[0] as string);
if (command === 'throw') throw new Error('told to');
if (command === 'count') {
  let count = 0;
  process.on('SIGINT', () => console.log('interrupted ' + ++count));
  process.on('SIGTERM', () => { console.log('in all ' + count); process.exit(); });
  setInterval(() => undefined, 1_000_000);
  console.log('launcher ' + process.ppid);
}
if (command === 'wait') {
  const forever = setInterval(() => undefined, 1_000_000);
  process.on(args[0] as string, () => { console.log('got ' + args[0]); clearInterval(forever); process.exitCode = 7; });
  console.log('waiting');
}
`;

interface Start {
  readonly pid: number;
  readonly version: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Node's own. */
  readonly flags: readonly string[];
  readonly entry: string;
}

/** A clone with nothing but the launcher, a stub and, if asked for, the pinned Node. */
async function makeClone(t: TestContext, pinned: 'pinned' | 'unpinned'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ts-nginx-launcher-'));
  t.after(() => rm(folder, { recursive: true }));
  await cp(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  await mkdir(join(folder, 'src'));
  await writeFile(join(folder, 'src/main.ts'), STUB);
  if (pinned === 'pinned') await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Makes the launcher believe that it runs in another Node; \`execve\` is as new as 22.15. */
async function pretend(
  folder: string,
  version: string,
  execve: 'execve' | 'spawn',
): Promise<string[]> {
  const shim = join(folder, 'pretend.cjs');
  const lines = [
    `if (require.main === undefined && process.argv[1].endsWith('ts-nginx.js')) {`,
    `  Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`,
    execve === 'spawn' ? `  process.execve = undefined;` : '',
    `}`,
  ];
  await writeFile(shim, lines.join('\n'));
  return ['--require', shim];
}

const firstLine = ({ stdout }: { readonly stdout: string }): Start =>
  JSON.parse(stdout.split('\n')[0] ?? '') as Start;

async function launch(t: TestContext, folder: string, args: readonly string[]): Promise<Ended> {
  return run(t, process.execPath, args, { cwd: folder });
}

const skipUnpinned =
  process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)
    ? false
    : 'tried on Linux alone';

const skipTerminal =
  skipUnpinned !== false || spawnSync('script', ['--version']).error === undefined
    ? skipUnpinned
    : 'script (util-linux) is not installed';

test('launcher: the pinned major version runs the sources in its own process', async (t) => {
  const folder = await makeClone(t, 'unpinned');
  const child = new Child(t, process.execPath, ['bin/ts-nginx.js', 'exit', '3', '--a=b c'], {
    cwd: folder,
  });
  const ended = await child.ended();
  const start = firstLine(ended);
  assert.equal(ended.code, 3);
  assert.equal(start.pid, child.pid);
  assert.equal(start.entry, join(folder, 'src/main.ts'));
  assert.deepEqual(start.args, ['3', '--a=b c']);
});

test('launcher: the heap has a bound before it is there, as in the image', async (t) => {
  const folder = await makeClone(t, 'unpinned');
  const { flags } = firstLine(await launch(t, folder, ['bin/ts-nginx.js', 'exit', '0']));
  const entryPoint = await readFile(join(root, 'image/ts-nginx.cjs'), 'utf8');
  assert.equal(entryPoint.split('\n')[0], `#!/usr/local/bin/node ${flags.join(' ')}`);
  assert.match(flags.join(' '), /^--max-semi-space-size=\d+$/);
});

test("launcher: whoever starts it may set other flags, which come after the launcher's", async (t) => {
  const folder = await makeClone(t, 'unpinned');
  const own = ['--stack-size=1000', '--max-semi-space-size=8'];
  const { flags } = firstLine(await launch(t, folder, [...own, 'bin/ts-nginx.js', 'exit', '0']));
  assert.deepEqual(flags.slice(-2), own);
});

test('launcher: an error of the program is reported as usual, and is exit code 1', async (t) => {
  const folder = await makeClone(t, 'unpinned');
  const ended = await launch(t, folder, ['bin/ts-nginx.js', 'throw']);
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /Error: told to/);
});

test(
  'launcher: from an old Node, the pinned one gets arguments and gives its exit code',
  { skip: skipUnpinned },
  async (t) => {
    const folder = await makeClone(t, 'pinned');
    const shim = await pretend(folder, '20.20.2', 'spawn');
    const child = new Child(
      t,
      process.execPath,
      [...shim, 'bin/ts-nginx.js', 'exit', '3', '--a=b c'],
      { cwd: folder },
    );
    const ended = await child.ended();
    const start = firstLine(ended);
    assert.equal(ended.code, 3);
    assert.notEqual(start.pid, child.pid);
    assert.match(start.version, /^v26\./);
    assert.deepEqual(start.args, ['3', '--a=b c']);
  },
);

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const) {
  test(`launcher: ${signal} reaches the pinned Node`, { skip: skipUnpinned }, async (t) => {
    const folder = await makeClone(t, 'pinned');
    const shim = await pretend(folder, '20.20.2', 'spawn');
    const child = new Child(t, process.execPath, [...shim, 'bin/ts-nginx.js', 'wait', signal], {
      cwd: folder,
    });
    await child.printed(/waiting/);
    child.kill(signal);
    const ended = await child.ended();
    assert.match(ended.stdout, new RegExp(`got ${signal}`));
    assert.deepEqual([ended.code, ended.signal], [7, null]);
  });
}

test(
  'launcher: Ctrl-C in a terminal interrupts the pinned Node once',
  { skip: skipTerminal },
  async (t) => {
    const folder = await makeClone(t, 'pinned');
    const shim = await pretend(folder, '20.20.2', 'spawn');
    const line = [process.execPath, ...shim, 'bin/ts-nginx.js', 'count'].join(' ');
    const child = new Child(t, 'script', ['--quiet', '--flush', '--command', line, '/dev/null'], {
      cwd: folder,
    });
    const [, launcher] = await child.printed(/launcher (\d+)/);
    child.type('\u0003');
    await child.printed(/interrupted 1/);
    process.kill(Number(launcher), 'SIGTERM'); // passed on after whatever the launcher passes of the first
    await child.printed(/in all 1/);
  },
);

for (const signal of ['SIGKILL', 'SIGTERM', 'SIGABRT'] as const) {
  test(
    `launcher: the pinned Node's death by ${signal} is the launcher's`,
    { skip: skipUnpinned },
    async (t) => {
      const folder = await makeClone(t, 'pinned');
      const shim = await pretend(folder, '20.20.2', 'spawn');
      const ended = await launch(t, folder, [...shim, 'bin/ts-nginx.js', 'die', signal]);
      assert.deepEqual([ended.code, ended.signal], [null, signal]);
    },
  );
}

test(
  'launcher: a Node that can replace itself leaves one process',
  { skip: skipUnpinned },
  async (t) => {
    const folder = await makeClone(t, 'pinned');
    const shim = await pretend(folder, '24.1.0', 'execve');
    const child = new Child(t, process.execPath, [...shim, 'bin/ts-nginx.js', 'exit', '4'], {
      cwd: folder,
    });
    const ended = await child.ended();
    assert.equal(ended.code, 4);
    assert.equal(firstLine(ended).pid, child.pid);
    assert.equal(ended.stderr, '');
  },
);

test('launcher: without a pinned Node, 24 will do', async (t) => {
  const folder = await makeClone(t, 'unpinned');
  const shim = await pretend(folder, '24.0.0', 'spawn');
  const child = new Child(t, process.execPath, [...shim, 'bin/ts-nginx.js', 'exit', '5'], {
    cwd: folder,
  });
  const ended = await child.ended();
  assert.equal(ended.code, 5);
  assert.equal(firstLine(ended).pid, child.pid);
});

test('launcher: without a pinned Node, an older one is told so in one line', async (t) => {
  const folder = await makeClone(t, 'unpinned');
  const shim = await pretend(folder, '20.20.2', 'spawn');
  const ended = await launch(t, folder, [...shim, 'bin/ts-nginx.js', 'exit', '5']);
  assert.equal(ended.code, 1);
  assert.equal(ended.stdout, '');
  assert.match(ended.stderr, /^ts-nginx needs Node 26 \(24 at least\); this is 20\.20\.2, .*\n$/);
});

test('launcher: an installed package runs its compiled files, even beside sources', async (t) => {
  const folder = await makeClone(t, 'unpinned');
  const installed = join(folder, 'node_modules/ts-nginx');
  await cp(join(folder, 'bin'), join(installed, 'bin'), { recursive: true });
  await mkdir(join(installed, 'src'));
  await writeFile(
    join(installed, 'src/main.ts'),
    'throw new Error("types can not be stripped here");',
  );
  const early = await launch(t, folder, ['node_modules/ts-nginx/bin/ts-nginx.js']);
  assert.equal(early.code, 1);
  assert.match(early.stderr, /^ts-nginx is not built: .*dist.main\.js is missing .*\n$/);
  await mkdir(join(installed, 'dist'));
  await writeFile(join(installed, 'package.json'), '{ "type": "module" }');
  await writeFile(join(installed, 'dist/main.js'), 'process.exitCode = await Promise.resolve(6);');
  const built = await launch(t, folder, ['node_modules/ts-nginx/bin/ts-nginx.js']);
  assert.equal(built.code, 6);
});

test('npx ts-nginx works in a clone, without network', async (t) => {
  const cache = await mkdtemp(join(tmpdir(), 'ts-nginx-npm-'));
  t.after(() => rm(cache, { recursive: true }));
  const ended = await run(t, 'npx', ['ts-nginx', '--version'], {
    cwd: root,
    env: { npm_config_cache: cache, npm_config_registry: 'http://127.0.0.1:1/' },
  });
  assert.deepEqual([ended.code, ended.signal], [0, null], ended.stderr);
  assert.match(ended.stdout, /^ts-nginx \d+\.\d+\.\d+\n$/);
});
