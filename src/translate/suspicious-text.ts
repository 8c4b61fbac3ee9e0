/**
 * Text that only makes sense as an attack on a proxy whose configuration is generated text. It means nothing here, but who
 * writes it has no good intentions, and ingress-nginx does not serve such an Ingress either. Source: routing.md §17.
 */
const SUSPICIOUS = [
  /\b(alias|root)\s[^;]{0,1024};/,
  /\/etc\/(passwd|shadow|group|nginx|ingress-controller)/,
  /\/var\/run\/secrets/,
  /_by_lua/,
];

/** For texts of bounded length. */
export function isSuspiciousText(text: string): boolean {
  return SUSPICIOUS.some((pattern) => pattern.test(text));
}
