const LABEL = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?';
const HOST = new RegExp(`^(\\*\\.)?${LABEL}(\\.${LABEL})*$`);

/**
 * A host of a rule as a virtual host's name: lower case; `''` for a rule without one, `*.` for one label. Undefined for what
 * can't be a name in ASCII form, an IP address or a port included (Ingress rules hold neither).
 */
export function parseHostName(text: string): string | undefined {
  const name = text.toLowerCase();
  if (name === '') return name;
  if (name.length > 253 || !HOST.test(name)) return undefined;
  // Only digits in the last label: an IPv4 address, which no DNS name looks like.
  return /(^|\.)\d+$/.test(name) ? undefined : name;
}

/** `*.example.com` for `shop.example.com`. Undefined for wildcards and names of one label. */
export function wildcardParent(host: string): string | undefined {
  const dot = host.indexOf('.');
  return dot <= 0 || host.startsWith('*') ? undefined : `*${host.slice(dot)}`;
}
