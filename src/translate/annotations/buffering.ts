import { routeBuffering } from '../configmap/route-keys.ts';
import { oneOf, size } from '../value-parsers.ts';
import { defineFeature, isAnySet } from './feature.ts';

/** What is kept of bodies, which stream in any case. */
export const buffering = defineFeature<{
  'proxy-request-buffering': 'on' | 'off';
  'client-body-buffer-size': number;
  'proxy-buffering': 'on' | 'off';
}>({
  annotations: {
    'proxy-request-buffering': {
      value: oneOf('on', 'off'),
      onInvalid: 'default',
      risk: 'low',
      default: 'ConfigMap `proxy-request-buffering`',
      doc: 'Request bodies stream in any case, they are never read whole before the endpoint is asked; `off`: nothing of one is kept so that it could be sent again.',
    },
    'client-body-buffer-size': {
      value: size(),
      onInvalid: 'default',
      risk: 'low',
      default: 'ConfigMap `client-body-buffer-size`',
      doc: 'How much of a request body is kept so that it can be sent again: 64 KiB at least, 128 KiB at most.',
    },
    'proxy-buffering': {
      value: oneOf('on', 'off'),
      onInvalid: 'default',
      risk: 'low',
      default: 'ConfigMap `proxy-buffering`',
      doc: 'Answers stream in any case, nothing waits for more; `on`: 128 KiB are read ahead of a slow client, unless the endpoint says `X-Accel-Buffering: no` (with `off`: only where it says `yes`).',
    },
  },
  routes: ['rule', 'catch-all'],
  applyToRoute: (route, values, { global }) => {
    if (!isAnySet(values)) return route;
    const buffering = routeBuffering({
      'proxy-request-buffering':
        values['proxy-request-buffering'] ?? global.values['proxy-request-buffering'],
      'client-body-buffer-size':
        values['client-body-buffer-size'] ?? global.values['client-body-buffer-size'],
      'proxy-buffering': values['proxy-buffering'] ?? global.values['proxy-buffering'],
    });
    return { ...route, buffering };
  },
});
