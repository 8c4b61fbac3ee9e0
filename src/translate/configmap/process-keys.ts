import { boolean, duration } from '../value-parsers.ts';
import { defineKeys } from './key.ts';

export const processKeys = defineKeys({
  'server-tokens': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'Name the product in a `Server` field of every answer.',
  },
  'allow-backend-server-header': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: "Pass an endpoint's own `Server` field on.",
  },
  'worker-shutdown-timeout': {
    value: duration(),
    default: '240s',
    doc: 'Longest time for exchanges to end after SIGTERM.',
  },
});
