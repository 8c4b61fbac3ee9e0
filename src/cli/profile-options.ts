import { LONGEST_PROFILE_SECONDS } from '../admin/profile-answer.ts';

export interface ProfileOptions {
  /** By requests to the admin port. */
  readonly onAdminPort: boolean;
  /** Where SIGUSR2 puts CPU profiles; undefined: nowhere. */
  readonly directory: string | undefined;
  /** How long a CPU profile runs. */
  readonly seconds: number;
}

/** What of the flags is read here, by their types. */
interface Flags {
  text(name: string): string | undefined;
  boolean(name: string, byDefault?: boolean): boolean;
  integer(name: string, byDefault: number, min: number, max: number): number;
}

/** Throws a `UsageError` that names the flag and the remedy. */
export function parseProfileOptions(flags: Flags): ProfileOptions {
  return {
    onAdminPort: flags.boolean('enable-profiling'),
    directory: flags.text('profile-directory'),
    seconds: flags.integer('profile-seconds', 30, 1, LONGEST_PROFILE_SECONDS),
  };
}
