import type { RouteMatch } from '../model/config.ts';
import type { Finding } from '../model/finding.ts';
import { finding, quote } from './finding.ts';
import type { RouteEntry } from './host-routes.ts';
import { CLOSED } from './closed.ts';
import { patternProblem } from './pattern-problem.ts';

export interface MatchedEntry {
  readonly entry: RouteEntry;
  readonly match: RouteMatch;
}

interface Candidate {
  readonly entry: RouteEntry;
  readonly pattern: string;
}

/**
 * The rules of a host where one is a regular expression: all are, and the first that matches wins. Longest text of a rule
 * first, then in reverse alphabetical order; `/` is the last resort. Source: routing.md §5.
 */
export function matchPatterns(
  entries: readonly RouteEntry[],
  findings: Finding[],
): readonly MatchedEntry[] {
  const problems = new Map(entries.map((entry) => [entry, problemOf(entry)]));
  const usable = entries.filter((entry) => problems.get(entry) === undefined);
  const texts = new Set(usable.map(({ path }) => path));
  const candidates = usable.flatMap((entry) =>
    patternsOf(entry, texts).map((pattern) => ({ entry, pattern })),
  );
  for (const [entry, problem] of problems) {
    if (problem !== undefined) candidates.push(...standIn(entry, problem, findings));
  }
  const first = new Map<string, MatchedEntry>();
  for (const { entry, pattern } of candidates.sort(compare)) {
    // The same text again could never match first.
    const key = pattern === '/' ? `${entry.match} /` : pattern;
    if (!first.has(key)) first.set(key, { entry, match: matchOf(entry, pattern) });
  }
  return [...first.values()];
}

function problemOf({ path, claim }: RouteEntry): string | undefined {
  if (path === '/') return undefined;
  const isTooMuch = (claim?.owner.patternSize ?? 0) > MAX_SIZE_OF_INGRESS;
  return isTooMuch
    ? 'the paths of this Ingress are too large together, split it'
    : patternProblem(path);
}

/** About a second of compiling, in which no other change of the cluster is seen to. */
const MAX_SIZE_OF_INGRESS = 200_000;

/**
 * What stands in for a pattern that can't be served: nothing, so that other rules get its requests, as they would where it does
 * not match. But what it was to guard must not be open to another rule's looser one: then all that begins as it does is closed.
 */
function standIn(entry: RouteEntry, problem: string, findings: Finding[]): Candidate[] {
  const { claim, field, path, draft } = entry;
  const object = claim?.owner.object ?? '';
  const why = `On this host paths are regular expressions, and ${quote(path)} can't be served: ${problem}`;
  const isGuarded = draft.filters.some(({ kind }) => kind === 'deny' || kind === 'ip-access');
  if (!isGuarded) {
    findings.push(finding('path-regex-invalid', object, `${field}.path`, `${why}.`));
    return [];
  }
  const pattern = literalStart(path);
  const message = `${why}. Since it guards access, all paths that begin with ${quote(pattern)} are closed (503) until it is mended.`;
  findings.push(finding('guard-not-honoured', object, `${field}.path`, message));
  return [{ entry: { ...entry, draft: { ...draft, filters: [CLOSED] } }, pattern }];
}

/** What every match of the pattern surely begins with; `/` where nothing more is sure. */
function literalStart(pattern: string): string {
  const start = /^\^?(\/(?:[\w/~-](?![*?{|]))*)/.exec(pattern)?.[1] ?? '/';
  return pattern.includes('|') ? '/' : start;
}

/**
 * As written for Ingresses that mean patterns, and for Exact paths, which lose their exactness. A prefix is a pair: first
 * what lies below it, then what begins with its text; each text that is a rule of its own is left to that.
 */
function patternsOf({ match, path, draft }: RouteEntry, texts: ReadonlySet<string>): string[] {
  if (path === '/' || draft.isPattern || match === 'exact') return [path];
  const base = path.endsWith('/') ? path.slice(0, -1) : path;
  const other = path === base ? `${base}/` : base;
  return texts.has(other) || base === '' ? [path] : [`${base}/`, base];
}

function matchOf({ match, path }: RouteEntry, pattern: string): RouteMatch {
  return path === '/' ? { kind: match, path } : { kind: 'pattern', pattern };
}

function compare(a: Candidate, b: Candidate): number {
  const byLength = b.entry.path.length - a.entry.path.length;
  if (byLength !== 0) return byLength;
  if (a.entry.path !== b.entry.path) return a.entry.path > b.entry.path ? -1 : 1;
  // On `/foo`: what a prefix has below it, then the exact rule, then the rest of the prefix.
  if (a.pattern.length !== b.pattern.length) return b.pattern.length - a.pattern.length;
  return Number(b.entry.match === 'exact') - Number(a.entry.match === 'exact');
}
