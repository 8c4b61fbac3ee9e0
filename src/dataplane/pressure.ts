/**
 * How near the process is to its memory limit (security.md 11.4). `high`: answers close their connections. `critical`:
 * requests are answered with 503, new connections are closed.
 */
export type Pressure = 'none' | 'high' | 'critical';
