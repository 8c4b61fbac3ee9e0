import { parseArgs } from 'node:util';
import { nearestName } from '../translate/edit-distance.ts';
import type { Flag } from './flags.ts';

/** A command line that can't be obeyed: one line that names the flag and the remedy. */
export class UsageError extends Error {}

/** The texts given for each flag, in order; a boolean's is `true` or `false`. */
export type FlagTexts = ReadonlyMap<string, readonly string[]>;

/**
 * Reads `--name=value`, `--name value`, `--boolean`, `--boolean=false` and `-v=2` as the Go programs do whose `args:` lists
 * people have. Throws a `UsageError` for a flag that does not exist, a missing value, or words that are no flag.
 */
export function parseFlags(args: readonly string[], flags: readonly Flag[]): FlagTexts {
  const { texts, words } = parseCommand(args, flags);
  const [word] = words;
  if (word !== undefined) throw new UsageError(`unexpected argument ${quote(word)}`);
  return texts;
}

/** The same, for commands that take words as well. */
export function parseCommand(
  args: readonly string[],
  flags: readonly Flag[],
): { readonly texts: FlagTexts; readonly words: readonly string[] } {
  const byName = new Map(flags.map((flag) => [flag.name, flag]));
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      flags.map(({ name, type }) => [
        name,
        {
          type: type === 'boolean' ? ('boolean' as const) : ('string' as const),
          ...(name.length === 1 ? { short: name } : {}),
        },
      ]),
    ),
  });

  const texts = new Map<string, string[]>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = byName.get(token.name);
    if (flag === undefined) throw new UsageError(unknownFlag(token.rawName, flags));
    texts.set(flag.name, [...(texts.get(flag.name) ?? []), valueOf(flag, token.value)]);
  }
  return { texts, words };
}

function valueOf(flag: Flag, value: string | undefined): string {
  if (flag.type !== 'boolean') {
    if (value === undefined) throw new UsageError(`--${flag.name} needs a value`);
    return flag.name.length === 1 ? value.replace(/^=/, '') : value; // -v=2
  }
  if (value === undefined || /^(?:1|t|T|true|TRUE|True)$/.test(value)) return 'true';
  if (/^(?:0|f|F|false|FALSE|False)$/.test(value)) return 'false';
  throw new UsageError(`--${flag.name} is true or false, not ${quote(value)}`);
}

function unknownFlag(rawName: string, flags: readonly Flag[]): string {
  const wanted = rawName.replace(/^-+/, '');
  const names = flags.map(({ name }) => name);
  const near =
    nearestName(wanted, names) ?? names.find((name) => wanted.length > 3 && name.includes(wanted));
  const hint = near === undefined ? '' : `, perhaps --${near}`;
  return `unknown flag ${quote(rawName)}${hint}; ts-nginx serve --help lists them`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

/** Go's duration syntax, in milliseconds; undefined: not one. `0` needs no unit. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:ms|us|µs|ns|h|m|s))+$/.test(text)) return undefined;
  const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)/g)) {
    sum += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  }
  return sum;
}
