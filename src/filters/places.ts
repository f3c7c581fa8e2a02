/**
 * Places for those who are quick. Whoever takes longer than `slowMs` gives its place to the next one, and goes on beside
 * it: so those who wait for something do not keep from work those who do not.
 */
export interface Places {
  take(): Promise<Disposable>;
}

export function createPlaces({ count, slowMs }: { readonly count: number; readonly slowMs: number }): Places {
  const waiting: (() => void)[] = [];
  let free = count;
  const give = (): void => {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  };
  return {
    async take() {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      let isHeld = true;
      const giveBack = (): void => {
        if (isHeld) give();
        isHeld = false;
      };
      const slow = setTimeout(giveBack, slowMs).unref();
      return {
        [Symbol.dispose]() {
          clearTimeout(slow);
          giveBack();
        },
      };
    },
  };
}
