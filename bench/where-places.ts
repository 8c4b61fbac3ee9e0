/** Whose code it is that runs; `itself` is a proxy in C, without libraries. */
export type Place =
  | 'kernel'
  | 'OpenSSL'
  | 'libc'
  | 'libuv'
  | 'Node C++'
  | 'V8'
  | 'Node JS'
  | 'our JS'
  | 'other threads'
  | 'itself';

/** Each line of `perf report` that has figures: samples, thread, file, symbol. */
const LINE = /^\s*(\d+)\s*\t(.*?)\s*\t(.*?)\s*\t\[(.)\] (.*)$/;

/** Threads whose work is the proxy's own: workers of ours, processes of others. */
const WORKING_THREAD = /^(worker-\d+|nginx|haproxy)/;

/** Shares of all samples of a `perf report` with tabs, by place; they add up to 1. */
export function placesOf(report: string): ReadonlyMap<Place, number> {
  const samples = new Map<Place, number>();
  let total = 0;
  for (const line of report.split('\n')) {
    const [, count, thread = '', file = '', , symbol = ''] = LINE.exec(line) ?? [];
    if (count === undefined) continue;
    const place = placeOf(thread, file, symbol);
    samples.set(place, (samples.get(place) ?? 0) + Number(count));
    total += Number(count);
  }
  return new Map([...samples].map(([place, part]) => [place, part / total]));
}

function placeOf(thread: string, file: string, symbol: string): Place {
  if (!WORKING_THREAD.test(thread)) return 'other threads';
  if (file.includes('kernel') || file === '[vdso]') return 'kernel';
  if (/^lib(ssl|crypto)/.test(file)) return 'OpenSSL';
  if (/^lib/.test(file)) return 'libc';
  if (file === 'nginx' || file === 'haproxy') return 'itself';
  if (symbol.startsWith('JS:')) return /\bnode:/.test(symbol) ? 'Node JS' : 'our JS';
  if (file.startsWith('[JIT]')) return 'V8';
  return placeInNode(symbol);
}

/** The binary holds all its libraries; what is neither Node's, V8's nor libuv's is nearly all OpenSSL's. */
function placeInNode(symbol: string): Place {
  if (/\bnode::/.test(symbol)) return 'Node C++';
  if (/^uv_/.test(symbol)) return 'libuv';
  if (/\b(v8|heap|cppgc)::|^Builtins_|^_ZN\w*2v8/.test(symbol)) return 'V8';
  return 'OpenSSL';
}
