import { accessSync, constants, mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../observability/logger.ts';
import { ProfileError, profileFileName, type Profiler } from '../observability/profiler.ts';
import { StartError } from './check-ports.ts';
import type { ProfileOptions } from './profile-options.ts';

/** There is no data in it, but what the process is busy with is nobody else's business. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** What SIGUSR2 does: a CPU profile of every thread, each in a file of its own. */
export class ProfileWriter {
  readonly #options: ProfileOptions;
  readonly #profiler: Profiler;
  readonly #log: Logger;

  /** Throws a `StartError` where nothing can be written: better now than in the night when it is needed. */
  constructor(options: ProfileOptions, profiler: Profiler, log: Logger) {
    this.#options = options;
    this.#profiler = profiler;
    this.#log = log;
    if (options.directory !== undefined) checkDirectory(options.directory);
  }

  /** Never rejects: whatever became of it is in the log. */
  async write(): Promise<void> {
    const { directory, seconds } = this.#options;
    if (directory === undefined) {
      this.#log.warn({ flag: '--profile-directory' }, 'no profile written, the flag is not set');
      return;
    }
    try {
      const results = await this.#profiler.cpuProfiles(seconds * 1_000);
      await Promise.all(
        [...results].map(([thread, result]) => this.#writeOne(directory, thread, result)),
      );
    } catch (error) {
      if (!(error instanceof ProfileError)) throw error;
      this.#log.warn({ reason: error.message }, 'no profile written');
    }
  }

  async #writeOne(
    directory: string,
    thread: string,
    result: PromiseSettledResult<string>,
  ): Promise<void> {
    const file = join(directory, profileFileName(thread, 'cpuprofile'));
    try {
      if (result.status === 'rejected') throw result.reason;
      await writeFile(file, result.value, { flag: 'wx', mode: FILE_MODE });
      this.#log.info({ thread, file }, 'cpu profile written');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.error({ thread, reason }, 'cpu profile not written');
    }
  }
}

function checkDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: FOLDER_MODE });
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(`--profile-directory takes a folder that can be written: ${reason}`);
  }
}
