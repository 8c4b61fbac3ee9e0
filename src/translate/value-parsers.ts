import ipaddr from 'ipaddr.js';

/** How a text of an annotation or a ConfigMap key becomes a value. */
export interface ValueParser<T> {
  /** What the text must look like, for pages and findings: half a sentence that ends "must be …". */
  readonly syntax: string;
  /** Undefined where the text is not of this syntax; never throws. `text` is trimmed and not empty. */
  readonly parse: (text: string) => T | undefined;
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** Spellings of Go's strconv.ParseBool, and no others. */
export function boolean(): ValueParser<boolean> {
  return {
    syntax: '`true` or `false`',
    parse: (text) => (TRUE.has(text) ? true : FALSE.has(text) ? false : undefined),
  };
}

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): ValueParser<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return {
    syntax: `a whole number ${range}`,
    parse: (text) => {
      const value = parseInteger(text);
      return value !== undefined && value >= min && value <= max ? value : undefined;
    },
  };
}

/** Decimal digits with an optional sign. */
function parseInteger(text: string): number | undefined {
  if (!/^[+-]?\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Longest time a timer can be set to. */
const MAX_MS = 2_147_483_000;

/** Whole seconds without a unit; gives milliseconds. Longer than 24 days means 24 days. */
export function seconds(min = 1): ValueParser<number> {
  return {
    syntax: `whole seconds without a unit, at least ${min}`,
    parse: (text) => {
      const value = parseInteger(text);
      return value === undefined || value < min ? undefined : Math.min(value * 1_000, MAX_MS);
    },
  };
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** nginx's times: `30s`, `1h 30m`, `500ms`; a bare number is seconds. Gives milliseconds. */
export function duration(): ValueParser<number> {
  return {
    syntax: 'a time such as `30s`, `5m` or `1h30m`',
    parse: (text) => {
      if (/^\d{1,12}$/.test(text)) return Math.min(Number(text) * 1_000, MAX_MS);
      if (!/^(\d{1,12}(ms|[smhd])\s*)+$/.test(text)) return undefined;
      let sum = 0;
      for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhd])/g)) {
        sum += Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
      }
      return Math.min(sum, MAX_MS);
    },
  };
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1_024,
  m: 1_024 ** 2,
  g: 1_024 ** 3,
};

/** Digits and an optional unit of either case; gives bytes. */
export function size(): ValueParser<number> {
  return {
    syntax: 'a number of bytes, with an optional unit `k`, `m` or `g`',
    parse: (text) => {
      const parts = /^(\d{1,15})([kmg]?)$/i.exec(text);
      if (parts === null) return undefined;
      const bytes = Number(parts[1]) * (UNIT_BYTES[(parts[2] ?? '').toLowerCase()] ?? 1);
      return Number.isSafeInteger(bytes) ? bytes : undefined;
    },
  };
}

/** A size where 0 means that there is no limit. */
export function sizeLimit(): ValueParser<number | 'none'> {
  const bytes = size();
  return {
    syntax: `${bytes.syntax}; \`0\` for no limit`,
    parse: (text) => {
      const value = bytes.parse(text);
      return value === 0 ? 'none' : value;
    },
  };
}

export function oneOf<const T extends string>(...values: readonly T[]): ValueParser<T> {
  return {
    syntax: `one of ${values.map((value) => `\`${value}\``).join(', ')}`,
    parse: (text) => values.find((value) => value === text),
  };
}

/** The same without regard to case. */
export function oneOfAnyCase<const T extends string>(...values: readonly T[]): ValueParser<T> {
  return {
    syntax: `${oneOf(...values).syntax}, in any case`,
    parse: (text) => values.find((value) => value.toLowerCase() === text.toLowerCase()),
  };
}

/** Any text of a pattern; `syntax` says it in words. */
export function matching(pattern: RegExp, syntax: string): ValueParser<string> {
  return { syntax, parse: (text) => (pattern.test(text) ? text : undefined) };
}

/** Items between commas, each trimmed; empty ones count for nothing. */
export function listOf<T>(item: ValueParser<T>): ValueParser<readonly T[]> {
  return {
    syntax: `a comma separated list, each item ${item.syntax}`,
    parse: (text) => {
      const values: T[] = [];
      for (const part of splitList(text)) {
        const value = item.parse(part);
        if (value === undefined) return undefined;
        values.push(value);
      }
      return values;
    },
  };
}

export function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** An address or a block, in one spelling. */
export function cidr(): ValueParser<string> {
  return { syntax: 'an IPv4 or IPv6 address or CIDR block', parse: parseCidr };
}

/**
 * At least one; of a list of access rules no item may be lost, so one bad item makes the whole of it bad.
 */
export function cidrList(): ValueParser<readonly string[]> {
  const list = listOf(cidr());
  return {
    syntax: 'a comma separated list of IPv4 and IPv6 addresses and CIDR blocks',
    parse: (text) => {
      const values = list.parse(text);
      return values === undefined || values.length === 0 ? undefined : [...new Set(values)];
    },
  };
}

function parseCidr(text: string): string | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  if (rest.length > 0 || address.includes('%')) return undefined;
  const isV4 = ipaddr.IPv4.isValidFourPartDecimal(address);
  if (!isV4 && (!address.includes(':') || !ipaddr.IPv6.isValid(address))) return undefined;
  const canonical = ipaddr.parse(address).toString();
  if (prefix === undefined) return canonical;
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > (isV4 ? 32 : 128)) return undefined;
  return `${canonical}/${Number(prefix)}`;
}
