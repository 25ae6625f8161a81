import { readFileSync } from 'node:fs';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** What stands between a heading of the second level and the next; throws when there is none. */
export function sectionOf(heading: string, readme = README): string {
  const lines = readme.split('\n');
  const from = lines.indexOf(`## ${heading}`);
  if (from < 0) throw new Error(`the README has no section "${heading}"`);
  const to = lines.findIndex((line, n) => n > from && /^#{1,2} /.test(line));
  return lines.slice(from + 1, to < 0 ? undefined : to).join('\n');
}

/** The rows of a section's first table, each cell as it is written; without head and rule. */
export function tableOf(heading: string, readme = README): string[][] {
  const lines = sectionOf(heading, readme).split('\n');
  const head = lines.findIndex((line) => line.startsWith('|'));
  if (head < 0) throw new Error(`the README's section "${heading}" has no table`);
  const end = lines.findIndex((line, n) => n > head && !line.startsWith('|'));
  return lines.slice(head + 2, end < 0 ? undefined : end).map((line) =>
    line
      .slice(1, line.lastIndexOf('|'))
      // A pipe in a cell is written with a backslash.
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

/** A section's first fenced block of a language. */
export function codeOf(heading: string, language: string, readme = README): string {
  const block = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(sectionOf(heading, readme));
  if (block === null) throw new Error(`the README's section "${heading}" has no block of ${language}`);
  return block[1]!;
}
