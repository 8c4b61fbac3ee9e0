/** Whether this process is the one that writes what all replicas would write alike. */
export interface Leadership {
  /** Looks at the clock each time: to be asked right before each write. */
  isLeader(): boolean;
  /** Calls back when it begins and when it ends. */
  onChange(callback: () => void): void;
  start(): void;
  /** Gives it up, so that another need not wait. Never rejects. */
  release(): Promise<void>;
}

/** `--disable-leader-election`: there is nobody else. */
export function createSoleLeadership(): Leadership {
  let isLeader = false;
  const callbacks: (() => void)[] = [];
  const set = (value: boolean): void => {
    isLeader = value;
    for (const callback of callbacks) callback();
  };
  return {
    isLeader: () => isLeader,
    onChange: (callback) => callbacks.push(callback),
    start: () => {
      set(true);
    },
    release: () => {
      set(false);
      return Promise.resolve();
    },
  };
}
