import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runCli } from './run-cli.js';

describe('the command line', () => {
  test('prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    for (const flag of ['--version', '-V']) {
      expect(await runCli([flag])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
    }
  });

  test.each([
    [['--help'], /replay .*demo /s],
    [['replay', '--help'], /\$ sfu-stats replay \S+/],
    [['demo', '--help'], /\$ sfu-stats demo \S+/],
    [
      ['demo', '-h'],
      /--rooms <n> .*default: 100.*--speed <factor> .*default: 10.*--seconds <n> .*default: 20/s,
    ],
  ])('helps on standard output, with an example: %s', async (flags, text) => {
    const { status, stdout, stderr } = await runCli(flags);
    expect(status).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toMatch(text);
  });

  test.each<[string[], RegExp]>([
    [[], /Usage: sfu-stats/],
    [['bogus'], /unknown command 'bogus'/],
    [['--bogus'], /unknown option '--bogus'/],
    [['replay'], /missing required argument 'trace'/],
    [['replay', 'a', 'b'], /too many arguments/],
    [['replay', '-', '--bogus'], /unknown option '--bogus'/],
    [['replay', '-', '--rooms', '3'], /unknown option '--rooms'/],
    [['replay', '-', '--shards'], /option '--shards <n>' argument missing/],
    [['replay', '-', '--shards', '0'], /'--shards <n>' argument '0' .* whole number from 1 to 64/],
    [['replay', '-', '--shards', '65'], /'--shards <n>' argument '65'/],
    [['replay', '-', '--shards', '1.5'], /'--shards <n>' argument '1\.5'/],
    [['replay', '-', '--shards', '1e1'], /'--shards <n>' argument '1e1'/],
    [['replay', '-', '--faults', 'x'], /'--faults <n\[:seed\]>' argument 'x' .* N or N:seed/],
    [['replay', '-', '--faults', '3:'], /'--faults <n\[:seed\]>' argument '3:'/],
    [['replay', '-', '--faults', '100001'], /'--faults <n\[:seed\]>' argument '100001'/],
    [['replay', '-', '--start', 'noon'], /'--start <time>' argument 'noon' .* ISO/],
    [['replay', '-', '--start', '2026-01-01T00:00:00'], /'--start <time>' .* with its zone/],
    [['replay', '-', '--start', '2026-02-31'], /'--start <time>' argument '2026-02-31'/],
    [['replay', '-', '--start', '1969-12-31'], /'--start <time>' argument '1969-12-31'/],
    [['replay', '-', '--on-error', 'ignore'], /'--on-error <what>' argument 'ignore' .* stop, skip/],
    [['replay', '-', '--node', ''], /'--node <id>' argument '' .* not be empty/],
    [['demo', 'x'], /too many arguments/],
    [['demo', '--rooms', 'many'], /'--rooms <n>' argument 'many'/],
    [['demo', '--rooms', '0'], /'--rooms <n>' argument '0' .* from 1 to 10000/],
    [['demo', '--speed', '0'], /'--speed <factor>' argument '0' .* from 0.1 to 100/],
    [['demo', '--seconds', '-1'], /'--seconds <n>' argument '-1'/],
  ])('refuses with status 2, by name: %j', async (flags, message) => {
    const { status, stdout, stderr } = await runCli(flags);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });
});
