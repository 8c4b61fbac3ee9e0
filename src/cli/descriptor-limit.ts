import { readFileSync } from 'node:fs';

/** How many files the process may have open, which Node raises as far as it may; undefined: the system does not tell, or none. */
export function descriptorLimit(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return parseDescriptorLimit(readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    return undefined; // no /proc here
  }
}

/** The soft limit. Source: proc_pid_limits(5). */
export function parseDescriptorLimit(limits: string): number | undefined {
  const soft = /^Max open files +(\d+) /m.exec(limits)?.[1];
  return soft === undefined ? undefined : Number(soft);
}
