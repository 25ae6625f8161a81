import { describe, expect, test } from 'vitest';
import { type CliResult, resultOf, runCli, startCli } from './run-cli.js';

const FAST = ['demo', '--rooms', '5', '--speed', '100', '--shards', '2'];
const ESCAPE = '\u001b';

function expectBooks({ status, stdout, stderr }: CliResult): void {
  expect(stderr).toBe('');
  expect(stdout).toContain('The books balance: played = recorded = reported + dropped + inside.');
  expect(status).toBe(0);
}

/** Cells of the row that begins with a name, in one of the closing tables. */
function cellsOf(stdout: string, name: string): string[] | undefined {
  const rows = stdout.split('\n').map((line) => line.split('│').map((cell) => cell.trim()));
  return rows.find((cells) => cells[1] === name)?.slice(2, -1);
}

describe('the demo', () => {
  test('plays rooms again and again, prints plain lines when piped, and balances the books', async () => {
    const result = await runCli([...FAST, '--seconds', '4']);
    expectBooks(result);
    const lines = result.stdout.split('\n').filter((line) => line.includes('| loop delay '));
    expect(lines.length).toBeGreaterThanOrEqual(2);
    expect(lines[0]).toMatch(
      /^ +1\.\d s \| \d+ rooms \d+ participants [\d,]+ tracks \| up [\d,]+ messages\/s/,
    );
    for (const kind of ['audio up', 'audio down', 'video up', 'video down']) {
      const [tracks, packets, bytes, , score, min, median] = cellsOf(result.stdout, kind) ?? [];
      for (const figure of [tracks, packets, bytes]) expect(figure).toMatch(/^[1-9][\d,]*$/);
      for (const figure of [score, min, median]) expect(Number(figure)).toBeGreaterThan(1);
    }
    // Every room has had time for two meetings at least.
    expect(Number(cellsOf(result.stdout, 'audio up')?.[0])).toBeGreaterThanOrEqual(2 * 5 * 3);
    expect(cellsOf(result.stdout, 'played')).toEqual(cellsOf(result.stdout, 'recorded'));
    expect(cellsOf(result.stdout, 'recorded')).toEqual(cellsOf(result.stdout, '= reported'));
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'goes on for ever until %s, and then ends in order',
    async (signal) => {
      const child = startCli([...FAST, '--seconds', '1', '--forever'], { FORCE_COLOR: '1', CI: '1' });
      const result = resultOf(child);
      let lines = 0;
      const count = (text: string): void => {
        lines += text.split('\n').length - 1;
        if (lines < 2) return;
        child.stdout.off('data', count);
        // npm passes on what the terminal sends as well: one Ctrl-C may come twice.
        child.kill(signal);
        child.kill(signal);
      };
      child.stdout.on('data', count);
      expectBooks(await result);
      expect((await result).stdout).not.toContain(ESCAPE);
    },
  );

  test('ends when nobody reads it any more', async () => {
    const child = startCli([...FAST, '--seconds', '3600']);
    const result = resultOf(child);
    child.stdout.destroy();
    expect(await result).toMatchObject({ status: 0, stderr: '' });
  });
});
