import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

/** One request to the admission webhook. */
export interface AdmissionCheck {
  readonly result: string;
  /** Undefined: it never got to be known which. */
  readonly ingress: { readonly namespace: string; readonly name: string } | undefined;
  readonly bodyBytes: number;
  readonly checkSeconds: number;
  readonly totalSeconds: number;
}

/** Names of Ingresses come from whoever asks, refused ones included: more than these are not told apart. */
const MAX_INGRESSES = 1_000;
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** The admission webhook: ingress-nginx's series, of which the gauges hold the last check, and two of our own. */
export class AdmissionMetrics {
  readonly #passed: Counter<'namespace' | 'ingress'>;
  readonly #failed: Counter<'namespace' | 'ingress'>;
  readonly #requests: Counter<'result'>;
  readonly #duration: Histogram;
  readonly #last: Readonly<Record<LastValue, Gauge>>;
  readonly #seen = new Set<string>();

  /** `kept`: ingress-nginx's prefix, for names that dashboards query; `own`: ours. */
  constructor(registry: Registry, { kept, own }: { readonly kept: string; readonly own: string }) {
    const registers = [registry];
    const labelNames = ['namespace', 'ingress'] as const;
    this.#passed = new Counter({
      name: `${kept}check_success`,
      help: 'Ingresses that the admission webhook has allowed',
      labelNames,
      registers,
    });
    this.#failed = new Counter({
      name: `${kept}check_errors`,
      help: 'Ingresses that the admission webhook has refused',
      labelNames,
      registers,
    });
    this.#requests = new Counter({
      name: `${own}admission_requests_total`,
      help: 'Requests to the admission webhook, by what became of them',
      labelNames: ['result'],
      registers,
    });
    this.#duration = new Histogram({
      name: `${own}admission_duration_seconds`,
      help: 'From the head of a request to its answer',
      buckets: BUCKETS,
      registers,
    });
    const gauge = (name: string, help: string): Gauge =>
      new Gauge({ name: `${kept}admission_${name}`, help, registers });
    this.#last = {
      tested: gauge('tested_ingresses', 'Ingresses of the last check'),
      testedSeconds: gauge('tested_duration', 'Seconds of the last check'),
      rendered: gauge('render_ingresses', 'Ingresses that the last check translated'),
      renderedSeconds: gauge('render_duration', 'Seconds of that translation'),
      roundTripSeconds: gauge('roundtrip_duration', 'Seconds from its first to its last byte'),
      bytes: gauge('config_size', 'Bytes of the last review'),
    };
  }

  checked({ result, ingress, bodyBytes, checkSeconds, totalSeconds }: AdmissionCheck): void {
    this.#requests.inc({ result });
    this.#duration.observe(totalSeconds);
    this.#count(result, ingress);
    this.#last.tested.set(1);
    this.#last.testedSeconds.set(checkSeconds);
    this.#last.rendered.set(1);
    this.#last.renderedSeconds.set(checkSeconds);
    this.#last.roundTripSeconds.set(totalSeconds);
    this.#last.bytes.set(bodyBytes);
  }

  #count(result: string, ingress: AdmissionCheck['ingress']): void {
    const counter =
      result === 'allowed' ? this.#passed : result === 'refused' ? this.#failed : undefined;
    if (counter === undefined || ingress === undefined) return;
    const { namespace, name } = ingress;
    const isKnown = this.#seen.has(`${namespace}/${name}`) || this.#seen.size < MAX_INGRESSES;
    if (isKnown) this.#seen.add(`${namespace}/${name}`);
    counter.inc(isKnown ? { namespace, ingress: name } : { namespace: '', ingress: 'others' });
  }
}

type LastValue =
  'tested' | 'testedSeconds' | 'rendered' | 'renderedSeconds' | 'roundTripSeconds' | 'bytes';
