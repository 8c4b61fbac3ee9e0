import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

export interface ChildOptions {
  readonly cwd?: string;
  /** Added to ours. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of a test: it ends with the test, whatever happens. */
export class Child {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  stdout = '';
  stderr = '';

  constructor(t: TestContext, command: string, args: readonly string[], options: ChildOptions) {
    const env = { ...process.env, ...options.env };
    delete env['NODE_TEST_CONTEXT']; // a test runner that the child starts is its own
    const child = spawn(command, args, {
      cwd: options.cwd,
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true, // away from the terminal that the tests may run in, and ended with all its children
    });
    this.#child = child;
    this.#ended = once(child, 'close');
    child.stdin.on('error', () => undefined); // it ended
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    t.after(async () => {
      if (child.pid !== undefined) endGroup(child.pid);
      await this.#ended;
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves when all that it wrote so far matches; rejects when it ends without, or after `patienceMs`. */
  async printed(
    pattern: RegExp,
    where: 'stdout' | 'stderr' = 'stdout',
    patienceMs = 20_000,
  ): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(patienceMs);
    const stream = this.#child[where];
    if (stream === null) throw new Error(`no ${where}`);
    for (;;) {
      const match = pattern.exec(this[where]);
      if (match !== null) return match;
      const ended = this.#ended.then(() => {
        if (pattern.test(this[where])) return;
        throw new Error(`ended without ${String(pattern)}:\n${this.stdout}\n${this.stderr}`);
      });
      await Promise.race([once(stream, 'data', { signal }), ended]);
    }
  }

  async ended(): Promise<Ended> {
    await this.#ended;
    const { exitCode: code, signalCode: signal } = this.#child;
    return { code, signal, stdout: this.stdout, stderr: this.stderr };
  }
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    return; // all have ended
  }
}

/** Starts a program and tells how it ended. */
export async function run(
  t: TestContext,
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Ended> {
  return new Child(t, command, args, options).ended();
}
