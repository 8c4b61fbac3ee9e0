import type { IncomingHttpHeaders } from 'node:http';
import {
  ProfileError,
  profileFileName,
  type Profiler,
  type ProfileProblem,
} from '../observability/profiler.ts';
import { textAnswer, type AdminAnswer } from './answer.ts';

/** What the admin port may do for who wants a profile. */
export interface Profiling {
  readonly profiler: Profiler;
  /** How long a CPU profile runs where the request doesn't say. */
  readonly seconds: number;
}

export interface ProfileRequest {
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Address of the client. */
  readonly peer: string | undefined;
  /** Aborted when the client goes away. */
  readonly gone: AbortSignal;
}

export const LONGEST_PROFILE_SECONDS = 600;

const STATUSES: Readonly<Record<ProfileProblem, number>> = {
  'unknown-thread': 404,
  busy: 409,
  memory: 507,
  ended: 503,
};

/** Not all of 127/8: sidecars of meshes let the whole network in by addresses of it, as 127.0.0.6. */
const LOOPBACK = ['127.0.0.1', '::1', '::ffff:127.0.0.1'];
const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;

/** `POST /debug/profile?thread=worker-0&seconds=10`: where a thread's CPU time goes. */
export async function cpuProfileAnswer(
  profiling: Profiling | undefined,
  request: ProfileRequest,
): Promise<AdminAnswer> {
  return guarded(profiling, request, async ({ profiler, seconds: usual }, thread) => {
    const seconds = parseSeconds(request.query.get('seconds') ?? String(usual));
    if (seconds === undefined) {
      return textAnswer(400, `seconds is a whole number from 1 to ${LONGEST_PROFILE_SECONDS}\n`);
    }
    const profile = await profiler.cpuProfile(thread, seconds * 1_000, request.gone);
    return download(profileFileName(thread, 'cpuprofile'), profile);
  });
}

/** `POST /debug/heap?thread=main`: what a thread keeps in memory, keys and passwords included. */
export async function heapSnapshotAnswer(
  profiling: Profiling | undefined,
  request: ProfileRequest,
): Promise<AdminAnswer> {
  return guarded(profiling, request, async ({ profiler }, thread) => {
    const force = request.query.get('force') === 'true';
    const snapshot = await profiler.heapSnapshot(thread, { force, signal: request.gone });
    return download(profileFileName(thread, 'heapsnapshot'), snapshot);
  });
}

async function guarded(
  profiling: Profiling | undefined,
  request: ProfileRequest,
  answer: (profiling: Profiling, thread: string) => Promise<AdminAnswer>,
): Promise<AdminAnswer> {
  if (profiling === undefined) {
    return textAnswer(403, 'profiling is off: start ts-nginx with --enable-profiling\n');
  }
  const refusal = refuse(request);
  if (refusal !== undefined) return textAnswer(403, `${refusal}\n`);
  const thread = request.query.get('thread');
  if (thread === null) {
    return textAnswer(400, `thread is one of ${profiling.profiler.threads().join(', ')}\n`);
  }
  try {
    return await answer(profiling, thread);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    return textAnswer(STATUSES[error.problem], `${error.message}\n`);
  }
}

/**
 * Why this client may not; undefined: it may. The port has no authentication, so what counts is to be in the pod already. A page
 * in the browser of who is (`kubectl port-forward`) is told by the fields that browsers add to each POST, and by a name in Host
 * that was made to resolve to loopback.
 */
function refuse({ headers, peer }: ProfileRequest): string | undefined {
  if (peer === undefined || !LOOPBACK.includes(peer)) {
    return 'profiles are for clients on loopback: use kubectl port-forward, or kubectl exec';
  }
  if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined) {
    return 'profiles are not for browsers (Origin, Sec-Fetch-Site): use curl';
  }
  if (!LOOPBACK_HOST.test(headers.host ?? '')) {
    return 'Host is none of localhost, 127.0.0.1, [::1]: ask for one of them';
  }
  return undefined;
}

function parseSeconds(text: string): number | undefined {
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return seconds >= 1 && seconds <= LONGEST_PROFILE_SECONDS ? seconds : undefined;
}

function download(fileName: string, body: AdminAnswer['body']): AdminAnswer {
  return {
    status: 200,
    contentType: 'application/json',
    headers: { 'content-disposition': `attachment; filename="${fileName}"` },
    body,
  };
}
