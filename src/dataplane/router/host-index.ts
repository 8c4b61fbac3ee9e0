import type { CompiledHost } from './compiled-host.ts';

const DOT = 0x2e;
const DASH = 0x2d;
const UNDERSCORE = 0x5f;

/**
 * Host names → tables. An own name wins over an alias, an exact name over a wildcard, and a wildcard covers one label.
 * Source: routing.md §3.
 */
export class HostIndex {
  readonly #names = new NameMaps();
  #aliases = new NameMaps();
  #fallback: CompiledHost | undefined;

  /** `remove`: names of virtual hosts. Gives the hosts that are no longer in. */
  update(set: readonly CompiledHost[], remove: readonly string[]): readonly CompiledHost[] {
    const left = [
      ...remove.map((name) => this.#put(name, undefined)),
      ...set.map((host) => this.#put(host.config.name, host)),
    ].filter((host) => host !== undefined);
    if (set.some(hasAliases) || left.some(hasAliases)) this.#aliases = this.#collectAliases();
    return left;
  }

  /** Exact name, else wildcard, else the host for names that nobody defines. */
  find(name: string): CompiledHost | undefined {
    return this.exact(name) ?? this.wildcard(name) ?? this.#fallback;
  }

  exact(name: string): CompiledHost | undefined {
    return this.#names.exact.get(name) ?? this.#aliases.exact.get(name);
  }

  wildcard(name: string): CompiledHost | undefined {
    if (this.#names.bySuffix.size + this.#aliases.bySuffix.size === 0) return undefined;
    const end = firstLabelEnd(name);
    if (end <= 0) return undefined;
    const suffix = name.slice(end);
    return this.#names.bySuffix.get(suffix) ?? this.#aliases.bySuffix.get(suffix);
  }

  /** Gives what stood there before. */
  #put(name: string, host: CompiledHost | undefined): CompiledHost | undefined {
    if (name !== '') return this.#names.put(name, host);
    const previous = this.#fallback;
    this.#fallback = host;
    return previous;
  }

  /** Of two hosts with the same alias, the one whose name sorts first has it, in whatever order they came. */
  #collectAliases(): NameMaps {
    const aliases = new NameMaps();
    for (const host of this.#names.values()) {
      for (const alias of host.config.aliases) {
        const claimed = aliases.get(alias);
        if (claimed === undefined || host.config.name < claimed.config.name) {
          aliases.put(alias, host);
        }
      }
    }
    return aliases;
  }
}

class NameMaps {
  readonly exact = new Map<string, CompiledHost>();
  /** `*.example.com` is kept as `.example.com`. */
  readonly bySuffix = new Map<string, CompiledHost>();

  get(name: string): CompiledHost | undefined {
    return name.startsWith('*.') ? this.bySuffix.get(name.slice(1)) : this.exact.get(name);
  }

  /** Gives what stood there before. */
  put(name: string, host: CompiledHost | undefined): CompiledHost | undefined {
    const previous = this.get(name);
    const [map, key] = name.startsWith('*.') ? [this.bySuffix, name.slice(1)] : [this.exact, name];
    if (host === undefined) map.delete(key);
    else map.set(key, host);
    return previous;
  }

  *values(): Generator<CompiledHost> {
    yield* this.exact.values();
    yield* this.bySuffix.values();
  }
}

function hasAliases(host: CompiledHost): boolean {
  return host.config.aliases.length > 0;
}

/** Where the first label ends, -1 where it has other characters than a wildcard covers: letters, digits, `-`, `_`. */
function firstLabelEnd(name: string): number {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code === DOT) return i;
    const isDigit = code >= 0x30 && code <= 0x39;
    const isLetter = code >= 0x61 && code <= 0x7a;
    if (!isLetter && !isDigit && code !== DASH && code !== UNDERSCORE) return -1;
  }
  return -1;
}
