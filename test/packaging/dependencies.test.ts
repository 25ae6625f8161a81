import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const read = (file: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  /** Left out where any registry will do: what it gives must match `integrity`. */
  readonly resolved?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
}
const { lockfileVersion, packages } = read('package-lock.json') as {
  lockfileVersion: number;
  packages: Readonly<Record<string, Locked>>;
};
const { '': root, ...locked } = packages;
const manifest = read('package.json') as Readonly<
  Record<'scripts' | 'dependencies' | 'devDependencies', Readonly<Record<string, string>>>
>;

/** What npm runs by itself when a package is installed, packed or published. */
const HOOKS = [
  ...['preinstall', 'install', 'postinstall', 'prepublish', 'prepublishOnly', 'preprepare', 'prepare'],
  ...['postprepare', 'prepack', 'postpack', 'dependencies'],
];

describe('what is installed', () => {
  test('is pinned to its content: each package has a SHA-512, and none comes from anywhere but a registry', () => {
    expect(lockfileVersion).toBe(3);
    expect(Object.keys(locked).length).toBeGreaterThan(100);
    const unpinned = Object.entries(locked).filter(
      ([, { version, integrity = '', link = false }]) =>
        link || !/^\d+\.\d+\.\d+/.test(version ?? '') || !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity),
    );
    expect(unpinned).toEqual([]);
    const elsewhere = Object.values(locked).flatMap(({ resolved = 'https://' }) =>
      resolved.startsWith('https://') ? [] : [resolved],
    );
    expect(elsewhere).toEqual([]);
  });

  test('is what package.json asks for, by versions alone', () => {
    expect(root).toMatchObject({
      dependencies: manifest.dependencies,
      devDependencies: manifest.devDependencies,
    });
    const asked = { ...manifest.dependencies, ...manifest.devDependencies };
    expect(Object.entries(asked).filter(([, range]) => !/^[~^]?\d+\.\d+\.\d+$/.test(range))).toEqual([]);
  });

  test('runs nothing of ours, and of others only what is known to', () => {
    expect(Object.keys(manifest.scripts).filter((name) => HOOKS.includes(name))).toEqual([]);
    const runs = Object.entries(locked).filter(([, { hasInstallScript = false }]) => hasInstallScript);
    expect(runs.map(([path]) => path.replace('node_modules/', '')).sort()).toEqual([
      'esbuild',
      'msgpackr-extract',
      'protobufjs',
    ]);
  });
});
