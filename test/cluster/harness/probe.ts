import http from 'node:http';
import type { Container, Probe } from './pod.ts';

/** One attempt, as a kubelet makes it: an answer from 200 to 399 within the time. */
export function probeOnce(probe: Probe, container: Container, address: string): Promise<boolean> {
  const { httpGet, timeoutSeconds = 1 } = probe;
  if (httpGet === undefined) return Promise.resolve(true);
  return new Promise((resolve) => {
    const request = http.get({
      host: address,
      port: portNumber(httpGet.port, container),
      path: httpGet.path ?? '/',
      agent: false,
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
    });
    request.on('response', ({ statusCode = 0 }) => {
      request.destroy();
      resolve(statusCode >= 200 && statusCode < 400);
    });
    request.on('error', () => {
      resolve(false);
    });
  });
}

function portNumber(port: number | string, { ports = [] }: Container): number {
  if (typeof port === 'number') return port;
  return ports.find(({ name }) => name === port)?.containerPort ?? 0;
}

/** Turns single results into a state, by the probe's thresholds. Starts as `false`. */
export class ProbeState {
  readonly #probe: Probe;
  #isPassing = false;
  #sameInARow = 0;

  constructor(probe: Probe) {
    this.#probe = probe;
  }

  get isPassing(): boolean {
    return this.#isPassing;
  }

  record(passed: boolean): void {
    this.#sameInARow = passed === this.#isPassing ? 0 : this.#sameInARow + 1;
    const { successThreshold = 1, failureThreshold = 3 } = this.#probe;
    if (this.#sameInARow < (passed ? successThreshold : failureThreshold)) return;
    this.#isPassing = passed;
    this.#sameInARow = 0;
  }
}
