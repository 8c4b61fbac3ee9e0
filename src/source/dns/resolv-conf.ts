import { isIP } from 'node:net';

/** How short names are completed. Name servers are read by the resolver itself, from the same file. */
export interface ResolvConf {
  /** Appended to names, in this order; without a trailing dot. */
  readonly search: readonly string[];
  /** A name with at least so many dots is tried as it stands first, all others with the search domains first. */
  readonly ndots: number;
}

const MAX_NDOTS = 15;

/** resolv.conf(5): the last `search` or `domain` line counts, options add up. What it does not know it skips. */
export function parseResolvConf(text: string): ResolvConf {
  let search: string[] = [];
  let ndots = 1;
  for (const line of text.split(/\r?\n/)) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'search') search = values.map(withoutTrailingDot).filter((name) => name !== '');
    else if (keyword === 'domain') search = values.slice(0, 1).map(withoutTrailingDot);
    else if (keyword === 'options') ndots = readNdots(values) ?? ndots;
  }
  return { search, ndots };
}

function readNdots(options: readonly string[]): number | undefined {
  const option = options.findLast((value) => /^ndots:\d+$/.test(value));
  return option === undefined
    ? undefined
    : Math.min(Number(option.slice('ndots:'.length)), MAX_NDOTS);
}

/** The absolute names to ask for, in order, as resolver(3) does; of an address or an absolute name, itself alone. */
export function candidateNames(name: string, { search, ndots }: ResolvConf): string[] {
  if (name.endsWith('.')) return [withoutTrailingDot(name)];
  if (isIP(name) !== 0) return [name];
  const completed = search.map((domain) => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [name, ...completed] : [...completed, name];
}

function withoutTrailingDot(name: string): string {
  return name.replace(/\.$/, '');
}
