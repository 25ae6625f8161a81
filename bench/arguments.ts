import { InvalidArgumentError, Command as Program } from 'commander';

export interface BenchArguments {
  readonly quick: boolean;
  /** Questions to run; all of them when empty. */
  readonly only: readonly string[];
  readonly json: string | undefined;
  /** Node binaries, this one when empty. */
  readonly node: readonly string[];
  readonly profile: boolean;
}

const list = (value: string, before: string[]): string[] => [...before, ...value.split(',').filter(Boolean)];

/** @throws CommanderError for what it does not know */
export function parseArguments(args: readonly string[], questions: readonly string[]): BenchArguments {
  const known = (value: string, before: string[]): string[] => {
    for (const name of list(value, [])) {
      if (!questions.includes(name)) throw new InvalidArgumentError(`One of: ${questions.join(', ')}.`);
    }
    return list(value, before);
  };
  const program = new Program('npm run bench --')
    .description(
      'Runs the benches, each beside its rivals; exits 1 when sums differ or a quick bound is missed.',
    )
    .option('--quick', 'ratios only, with room for noise, under three minutes', false)
    .option('--only <names>', `of: ${questions.join(', ')}`, known, [])
    .option('--json <path>', 'writes the results there, and leaves bench/results.json, docs and plots alone')
    .option('--node <paths>', 'runs each question on each of these Node binaries', list, [])
    .option('--profile', "takes a CPU profile of the loaded host loop and prints the engine's share", false);
  return program.parse(args, { from: 'user' }).opts<BenchArguments>();
}
