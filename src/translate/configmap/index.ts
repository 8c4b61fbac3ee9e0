import { accessKeys } from './access-keys.ts';
import { clientKeys } from './client-keys.ts';
import { forwardedKeys } from './forwarded-keys.ts';
import type { KeyValues } from './key.ts';
import { logKeys } from './log-keys.ts';
import { processKeys } from './process-keys.ts';
import { routeKeys } from './route-keys.ts';
import { streamKeys } from './stream-keys.ts';
import { tlsKeys } from './tls-keys.ts';
import { upstreamKeys } from './upstream-keys.ts';

/** Every ConfigMap key that is honoured. */
export const configMapKeys = {
  ...accessKeys,
  ...clientKeys,
  ...forwardedKeys,
  ...logKeys,
  ...processKeys,
  ...routeKeys,
  ...streamKeys,
  ...tlsKeys,
  ...upstreamKeys,
};

/** What they say, defaults included. */
export type ConfigMapValues = KeyValues<typeof configMapKeys>;
