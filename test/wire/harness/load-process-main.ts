/** The process of load-process.ts: options as JSON in, the summary as JSON out. */
import type { LoadSummary } from './load-process.ts';
import { startSteadyLoad, type LoadOptions } from './steady-load.ts';

const { forMs, ...options } = JSON.parse(process.argv[2] ?? '') as LoadOptions & { forMs: number };
const load = startSteadyLoad({ after: () => undefined }, options);
await new Promise((resolve) => setTimeout(resolve, forMs));
const { requests, failures, percentile } = await load.stop();
const summary: LoadSummary = {
  requests,
  failures: [...failures],
  p50Ms: percentile(0.5),
  p99Ms: percentile(0.99),
};
process.stdout.write(JSON.stringify(summary));
