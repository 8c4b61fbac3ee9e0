import { seconds } from '../value-parsers.ts';
import { defineFeature, isAnySet, type AnnotationSpec } from './feature.ts';

function timeout(key: string, doc: string): AnnotationSpec<number> {
  return {
    value: seconds(),
    onInvalid: 'default',
    risk: 'low',
    default: `ConfigMap \`${key}\``,
    doc,
  };
}

/** How long the proxy waits for an endpoint. */
export const proxyTimeouts = defineFeature<{
  'proxy-connect-timeout': number;
  'proxy-send-timeout': number;
  'proxy-read-timeout': number;
}>({
  annotations: {
    'proxy-connect-timeout': timeout('proxy-connect-timeout', 'Longest wait for a connection.'),
    'proxy-send-timeout': timeout(
      'proxy-send-timeout',
      'Longest silence while the request is sent.',
    ),
    'proxy-read-timeout': timeout(
      'proxy-read-timeout',
      'Longest silence within the answer, and of a WebSocket.',
    ),
  },
  routes: ['rule', 'catch-all'],
  applyToRoute: (route, values) => {
    if (!isAnySet(values)) return route;
    const timeouts = {
      connectMs: values['proxy-connect-timeout'] ?? route.timeouts.connectMs,
      sendMs: values['proxy-send-timeout'] ?? route.timeouts.sendMs,
      readMs: values['proxy-read-timeout'] ?? route.timeouts.readMs,
    };
    return { ...route, timeouts };
  },
});
