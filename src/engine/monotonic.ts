/** Milliseconds of the system's monotonic clock: the same in every thread of a process, unlike performance.now. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
