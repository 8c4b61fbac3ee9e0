import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Hopeless } from './eventually.ts';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface ChildOptions {
  /** In messages. */
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** Where stdout and stderr go, appended. */
  readonly logFile: string;
}

/** A program that runs beside the tests. It is only ever signalled by its own process id. */
export class Child {
  readonly name: string;
  readonly logFile: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;

  constructor({ name, command: [program, ...args], env, logFile }: ChildOptions) {
    this.name = name;
    this.logFile = logFile;
    const log = openSync(logFile, 'a');
    this.#process = spawn(program, args, {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
    });
    closeSync(log);
    this.#exited = once(this.#process, 'exit').then(
      () => {},
      () => {}, // could not be started at all: `running` says so, and the log has nothing to add
    );
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get running(): boolean {
    const { pid, exitCode, signalCode } = this.#process;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  get exitCode(): number | null {
    return this.#process.exitCode;
  }

  log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  exited(): Promise<void> {
    return this.#exited;
  }

  /** Asks it to end; after `graceMs` it has to. Resolves when it is gone. */
  async stop(graceMs = 5_000): Promise<void> {
    if (!this.running) return;
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    const timer = setTimeout(() => {
      this.signal('SIGKILL');
    }, graceMs);
    await this.#exited;
    clearTimeout(timer);
  }

  async kill(): Promise<void> {
    if (!this.running) return;
    this.signal('SIGKILL');
    await this.#exited;
  }

  /** Throws a `Hopeless` with the end of the log when it has ended though it should run. */
  assertRunning(): void {
    if (this.running) return;
    const tail = this.log().trimEnd().split('\n').slice(-12).join('\n');
    throw new Hopeless(`${this.name} ended (exit code ${String(this.exitCode)}):\n${tail}`);
  }
}
