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

  /** Resolves when all that was printed so far matches; rejects when the process ends without, or after 20 s. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(20_000);
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match !== null) return match;
      const data = this.#child.stdout;
      if (data === null) throw new Error('no output');
      const ended = this.#ended.then(() => {
        if (pattern.test(this.stdout)) return;
        throw new Error(`ended without ${String(pattern)}:\n${this.stdout}\n${this.stderr}`);
      });
      await Promise.race([once(data, 'data', { signal }), ended]);
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
