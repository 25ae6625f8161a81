import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { askedToEnd } from '../../dist/src/cli/asked-to-end.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
type Signal = (typeof SIGNALS)[number];

/** What listened before: the test's own process is not to end. */
let before: ReadonlyMap<Signal, readonly unknown[]>;

const added = (signal: Signal): NodeJS.SignalsListener[] =>
  (process.rawListeners(signal) as NodeJS.SignalsListener[]).filter(
    (listener) => !before.get(signal)?.includes(listener),
  );

/** Has those who were added hear a signal: with none the process would end. */
function send(signal: Signal): void {
  expect(added(signal)).toHaveLength(1);
  for (const listener of added(signal)) listener(signal);
}

beforeEach(() => {
  before = new Map(SIGNALS.map((signal) => [signal, process.rawListeners(signal)]));
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.spyOn(process, 'exit').mockImplementation((() => {}) as never);
});
afterEach(() => {
  for (const signal of SIGNALS) for (const listener of added(signal)) process.off(signal, listener);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('to be asked to end', () => {
  test.each(SIGNALS)('is to be sent %s, and the process goes on', async (signal) => {
    const asked = askedToEnd();
    send(signal);
    await asked;
    expect(process.exit).not.toHaveBeenCalled();
  });

  test.each(SIGNALS)(
    'twice at once is to be asked once: npm passes on what the terminal sent',
    async (signal) => {
      const asked = askedToEnd();
      send(signal);
      await asked;
      vi.advanceTimersByTime(500);
      for (const again of SIGNALS) send(again);
      expect(process.exit).not.toHaveBeenCalled();
    },
  );

  test('again, later, ends the process at once', async () => {
    const asked = askedToEnd();
    send('SIGINT');
    await asked;
    vi.advanceTimersByTime(300);
    send('SIGINT');
    vi.advanceTimersByTime(201);
    send('SIGTERM');
    expect(vi.mocked(process.exit).mock.calls).toEqual([[130]]);
  });
});
