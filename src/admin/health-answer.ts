import type { Readiness } from './admin-state.ts';
import { textAnswer } from './answer.ts';
import type { AdminAnswer } from './answer.ts';

/**
 * 200 and `ok`, which existing probes look for; 500 with the reason otherwise. `verbose`: one line for each reason, and for
 * each right that is missing.
 */
export function healthAnswer(
  { ready, missing, forbidden = [] }: Readiness,
  verbose: boolean,
): AdminAnswer {
  if (verbose) {
    const state = ready
      ? ['[+] synced, and every worker serves']
      : missing.map((what) => `[-] ${what}`);
    const rights = forbidden.map((right) => `[!] the API server does not allow ${right}`);
    return textAnswer(
      ready ? 200 : 500,
      [...state, ...rights, ready ? 'ok' : 'not ready'].join('\n'),
    );
  }
  if (ready) return textAnswer(200, 'ok');
  const [first, ...others] = missing;
  const rest = others.length === 0 ? '' : ` and ${others.length} more, see ?verbose`;
  return textAnswer(500, first === undefined ? 'not ready' : `not ready: ${first}${rest}`);
}

export function liveAnswer(live: boolean): AdminAnswer {
  return live ? textAnswer(200, 'ok') : textAnswer(500, 'not alive');
}
