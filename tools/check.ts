import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** `npm run check`: what needs one core each side by side, then the unit tests, which use them all. */
const SIDE_BY_SIDE = [['lint'], ['check:format', 'types']];
const THEN = ['test:unit'];

/** Runs scripts of package.json one after another, and prints what each said once it ended. False: one failed. */
async function runInOrder(scripts: readonly string[]): Promise<boolean> {
  let passed = true;
  for (const script of scripts) {
    const child = spawn('npm', ['run', '--silent', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      shell: process.platform === 'win32', // npm is a batch file there
    });
    const startedAt = performance.now();
    const [output, ended] = await Promise.all([text(child.stdout), once(child, 'close')]);
    const [code] = ended as [number | null];
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    process.stdout.write(`${output}${code === 0 ? '✔' : '✖'} ${script} (${seconds} s)\n`);
    passed &&= code === 0;
  }
  return passed;
}

const first = await Promise.all(SIDE_BY_SIDE.map(runInOrder));
const last = await runInOrder(THEN);
process.exitCode = last && !first.includes(false) ? 0 : 1;
