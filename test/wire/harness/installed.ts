import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** For a test's `skip`: false where the command is there, else why the test can't run. */
export function skipWithout(...commands: readonly string[]): string | false {
  const missing = commands.filter((command) => !isInstalled(command));
  return missing.length === 0 ? false : `not installed: ${missing.join(', ')}`;
}

function isInstalled(command: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter).concat('/usr/sbin');
  return folders.some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
