/** Work that is shared by everybody who wants the same thing at the same time. */
export interface Flights<T> {
  isFlying(name: string): boolean;
  /** What is under way by this name, else what `begin` begins. */
  fly(name: string, begin: () => Promise<T>): Promise<T>;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
}

export function createFlights<T>(): Flights<T> {
  const flights = new Map<string, Promise<T>>();
  return {
    isFlying: (name) => flights.has(name),
    fly(name, begin) {
      const under = flights.get(name);
      if (under !== undefined) return under;
      const flight = begin().finally(() => flights.delete(name));
      flights.set(name, flight);
      return flight;
    },
    async settled() {
      while (flights.size > 0) await Promise.allSettled(flights.values());
    },
  };
}
