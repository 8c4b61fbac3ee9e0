import { boolean } from '../value-parsers.ts';
import { defineFeature } from './feature.ts';

/** TLS that endpoints terminate. What it comes to depends on the host's rule for `/`: see `passthrough.ts`. */
export const sslPassthrough = defineFeature<{ 'ssl-passthrough': boolean }>({
  annotations: {
    'ssl-passthrough': {
      value: boolean(),
      onInvalid: 'drop-ingress',
      risk: 'low',
      default: 'false',
      doc: "`true`, with `--enable-ssl-passthrough`: TLS connections that ask for the host go to the Service of its path `/` as they are; of the other annotations only those that choose the endpoint act on them. The oldest Ingress of the host that says `true` or `false` decides. Not in effect where another Ingress of the host guards access (`auth-tls-*`, allow-lists, …), nor, on a host that namespaces share, unless it is on the host's oldest Ingress and `/` is its own. A Service's annotation `ts-nginx.io/proxy-protocol` (`v1`, `v2`) has its endpoints told who the client is.",
    },
  },
  applyToVirtualHost: (host, values) => {
    const passesTlsThrough = values['ssl-passthrough'];
    return passesTlsThrough === undefined ? host : { ...host, passesTlsThrough };
  },
});
