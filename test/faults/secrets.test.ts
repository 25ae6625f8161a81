import { expect, test } from 'vitest';
import { Mutant } from '../helpers/mutant.js';
import { allThatIsShown, expectNoSecret } from '../helpers/secretive-engine.js';

test('a secret is found where a URL is shown whole', async () => {
  using mutant = new Mutant([
    { file: 'src/telemetry/webhooks/shown-url.js', from: 'return origin + pathname', to: 'return url' },
  ]);
  const all = await allThatIsShown(await mutant.engineClass());
  expect(() => expectNoSecret(all)).toThrow('a secret in');
});
