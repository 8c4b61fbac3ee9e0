import type { Route, VirtualHost } from '../model/config.ts';
import { findingEffects, type Finding } from '../model/finding.ts';
import { finding } from './finding.ts';
import type { Memory } from './memory.ts';

/** Ingresses that are told, by name: with a whole cluster closed, each more would be a log line and an event of the same text. */
const MAX_INGRESSES = 100;

interface ClosedContext {
  /** Of the ConfigMap of the settings. */
  readonly settings: readonly Finding[];
  /** Of everything else. */
  readonly findings: readonly (readonly Finding[])[];
  readonly memory: Memory;
}

interface Tally {
  paths: number;
  closed: number;
}

/**
 * Tells Ingresses that the ConfigMap closes, so that whoever looks at one of them learns why it answers 503. One that closes
 * its paths by itself has a finding that says so.
 */
export function reportClosedBySettings(
  virtualHosts: ReadonlyMap<string, VirtualHost>,
  { settings, findings, memory }: ClosedContext,
): readonly (readonly Finding[])[] {
  const guards = settings.filter(({ code }) => code === 'guard-not-honoured');
  const [first] = guards;
  if (first === undefined) return [];
  const keys = guards.map(({ field = '' }) => field).join(', ');
  const explained = closedByThemselves(findings);
  return [...tallyPaths(virtualHosts)]
    .filter(([object, { closed }]) => closed > 0 && !explained.has(object))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, MAX_INGRESSES)
    .map(([object, { paths, closed }]) =>
      memory.findings.get(
        `closed by settings ${object}`,
        [first.object, keys, paths, closed],
        () => {
          const which =
            closed === paths ? 'Its paths answer' : `${closed} of its ${paths} paths answer`;
          const message = `${which} 503, since the ${first.object} asks for guards that are not honoured: ${keys}. Remove that there; its own findings say more.`;
          return [finding('closed-by-settings', object, undefined, message)];
        },
      ),
    );
}

function closedByThemselves(findings: readonly (readonly Finding[])[]): ReadonlySet<string> {
  const isOwn = ({ code, object }: Finding): boolean =>
    findingEffects[code] === 'closed' && object.startsWith('Ingress ');
  return new Set(findings.flatMap((list) => list.filter(isOwn).map(({ object }) => object)));
}

/** Of each Ingress, the paths that it has a rule for. */
function tallyPaths(virtualHosts: ReadonlyMap<string, VirtualHost>): ReadonlyMap<string, Tally> {
  const tallies = new Map<string, Tally>();
  for (const { routes } of virtualHosts.values()) {
    for (const { labels, filters } of routes) {
      if (labels.service === '') continue;
      const object = `Ingress ${labels.namespace}/${labels.ingress}`;
      const tally = tallies.get(object) ?? { paths: 0, closed: 0 };
      tallies.set(object, tally);
      tally.paths += 1;
      if (filters.some(isDeny)) tally.closed += 1;
    }
  }
  return tallies;
}

function isDeny({ kind }: Route['filters'][number]): boolean {
  return kind === 'deny';
}
