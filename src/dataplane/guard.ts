export type Guard = <A = void>(listener: (argument: A) => void) => (argument: A) => void;

/**
 * Makes listeners that can't bring the worker down: what they throw is a defect of ours, and goes to `onDefect`, which ends
 * the one exchange or connection that it concerns. Nothing that calls these has anybody above it to catch.
 */
export function createGuard(onDefect: (error: unknown) => void): Guard {
  return (listener) => (argument) => {
    try {
      listener(argument);
    } catch (error) {
      onDefect(error);
    }
  };
}
