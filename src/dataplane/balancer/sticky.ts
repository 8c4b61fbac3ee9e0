import { createHmac } from 'node:crypto';
import type { EndpointState } from '../endpoint-registry.ts';
import {
  firstUntried,
  withWeight,
  type Balancer,
  type PickContext,
  type RandomSource,
} from './balancer.ts';
import { forEachCookie } from './hash-key.ts';
import { HashRing } from './hash-ring.ts';

export interface StickyConfig {
  /** `balanced`: a session is a key on a ring; `persistent`: it is an endpoint. */
  readonly mode: 'balanced' | 'persistent';
  /** Name of the cookie that carries the session. */
  readonly cookie: string;
  /** Whether a session whose endpoint failed gets another one, or has its attempts where it is. */
  readonly changesOnFailure: boolean;
  /** The same on all workers and replicas, and in their next lives. */
  readonly salt: string;
}

/** Of base64url characters, 6 bits each: as many bits as an address of IPv6 has; and enough to tell clusters apart. */
const TOKEN_LENGTH = 22;
const TAG_LENGTH = 8;
const MAX_DRAWS = 256;

/**
 * A client comes back to the endpoint that it was given first, by a cookie `<token>.<tag>`. Nothing is stored: which endpoint
 * a token means follows from the token, the salt and the endpoints, so every worker and replica says the same. The tag
 * tells cookies of this cluster from all others, which count as none. No address can be read from a token.
 */
export class Sticky implements Balancer {
  readonly #config: StickyConfig;
  readonly #random: RandomSource;
  readonly #tag: string;
  #endpoints: readonly EndpointState[] = [];
  /** `balanced` */
  #ring = new HashRing([]);
  /** `persistent`, both ways. */
  #byToken = new Map<string, EndpointState>();
  #tokens = new Map<EndpointState, string>();

  constructor(config: StickyConfig, random: RandomSource = Math.random) {
    this.#config = config;
    this.#random = random;
    this.#tag = keyedHash(config.salt, '').slice(0, TAG_LENGTH);
  }

  setEndpoints(endpoints: readonly EndpointState[], weights?: readonly number[]): void {
    this.#endpoints = withWeight(endpoints, weights);
    if (this.#config.mode === 'balanced') {
      this.#ring = new HashRing(this.#endpoints.map(({ key }) => key));
      return;
    }
    const before = this.#tokens;
    this.#tokens = new Map(
      this.#endpoints.map((endpoint) => [
        endpoint,
        before.get(endpoint) ?? this.#tokenOf(endpoint),
      ]),
    );
    this.#byToken = new Map([...this.#tokens].map(([endpoint, token]) => [token, endpoint]));
  }

  pick(context: PickContext): EndpointState | undefined {
    const { tried } = context;
    const bound = this.#boundTo(context);
    if (bound !== undefined && (tried === undefined || !this.#config.changesOnFailure)) {
      context.session = undefined;
      return bound;
    }
    return this.#config.mode === 'balanced'
      ? this.#drawToken(context)
      : this.#drawEndpoint(context);
  }

  #boundTo({ fields }: PickContext): EndpointState | undefined {
    let endpoint: EndpointState | undefined;
    forEachCookie(fields, (text, start, equals, end) => {
      if (endpoint !== undefined || text.slice(start, equals) !== this.#config.cookie) return;
      endpoint = this.#find(text.slice(equals + 1, end).trimEnd());
    });
    return endpoint;
  }

  #find(session: string): EndpointState | undefined {
    const isOurs =
      session.length === TOKEN_LENGTH + 1 + TAG_LENGTH &&
      session[TOKEN_LENGTH] === '.' &&
      session.endsWith(this.#tag);
    if (!isOurs) return undefined;
    const token = session.slice(0, TOKEN_LENGTH);
    return this.#config.mode === 'balanced'
      ? this.#endpoints[this.#ring.find(token)]
      : this.#byToken.get(token);
  }

  /** A new session that leads to an endpoint which was not tried. */
  #drawToken(context: PickContext): EndpointState | undefined {
    const all = this.#endpoints;
    const { tried } = context;
    const mayChoose = tried === undefined || all.some((endpoint) => !tried.has(endpoint));
    for (let draws = 0; draws < MAX_DRAWS; draws++) {
      const token = randomToken(this.#random);
      const endpoint = all[this.#ring.find(token)];
      if (endpoint === undefined) return undefined;
      if (mayChoose && tried?.has(endpoint) === true) continue;
      context.session = `${token}.${this.#tag}`;
      return endpoint;
    }
    // Nearly all were tried: this once somebody else serves, and the next exchange draws anew.
    context.session = undefined;
    return firstUntried(all, 0, tried);
  }

  #drawEndpoint(context: PickContext): EndpointState | undefined {
    const index = Math.floor(this.#random() * this.#endpoints.length);
    const endpoint = firstUntried(this.#endpoints, index, context.tried);
    if (endpoint !== undefined) {
      context.session = `${this.#tokens.get(endpoint) ?? ''}.${this.#tag}`;
    }
    return endpoint;
  }

  #tokenOf({ key }: EndpointState): string {
    return keyedHash(this.#config.salt, key).slice(0, TOKEN_LENGTH);
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** No credential: whoever guesses one gets to an endpoint that anybody may get to. */
function randomToken(random: RandomSource): string {
  let token = '';
  while (token.length < TOKEN_LENGTH) token += ALPHABET[Math.floor(random() * 64)] ?? '';
  return token;
}

function keyedHash(salt: string, text: string): string {
  return createHmac('sha256', salt).update(text).digest('base64url');
}
