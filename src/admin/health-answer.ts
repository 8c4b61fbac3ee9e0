import type { Readiness } from './admin-state.ts';
import { textAnswer } from './answer.ts';
import type { AdminAnswer } from './answer.ts';

/** 200 and `ok`, which existing probes look for; 500 with the reason otherwise. `verbose`: one line for each reason. */
export function healthAnswer({ ready, missing }: Readiness, verbose: boolean): AdminAnswer {
  if (ready) return textAnswer(200, verbose ? '[+] synced, and every worker serves\nok' : 'ok');
  if (verbose) {
    return textAnswer(500, `${missing.map((what) => `[-] ${what}\n`).join('')}not ready`);
  }
  const [first, ...others] = missing;
  const rest = others.length === 0 ? '' : ` and ${others.length} more, see ?verbose`;
  return textAnswer(500, first === undefined ? 'not ready' : `not ready: ${first}${rest}`);
}

export function liveAnswer(live: boolean): AdminAnswer {
  return live ? textAnswer(200, 'ok') : textAnswer(500, 'not alive');
}
