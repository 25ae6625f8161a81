/** A sample of a page in the text format 0.0.4. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/s;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy;
const ESCAPES: Readonly<Record<string, string>> = { '\\\\': '\\', '\\n': '\n', '\\"': '"' };

function labelsOf(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let at = 0; at < text.length; at = LABEL.lastIndex) {
    LABEL.lastIndex = at;
    const match = LABEL.exec(text);
    if (match === null) throw new Error(`not a label at ${at} of ${line}`);
    labels[match[1]!] = match[2]!.replace(/\\["\\n]/g, (escaped) => ESCAPES[escaped]!);
  }
  return labels;
}

/** The samples of a page, read by the format's rules. @throws Error for a line that breaks them */
export function samplesOf(page: string): Sample[] {
  if (!page.endsWith('\n')) throw new Error('the last line does not end');
  const samples: Sample[] = [];
  for (const line of page.slice(0, -1).split('\n')) {
    if (/^# (HELP|TYPE) /.test(line)) continue;
    const match = LINE.exec(line);
    if (match === null) throw new Error(`not a sample: ${line.slice(0, 200)}`);
    const [, name, labels, value] = match;
    samples.push({ name: name!, labels: labelsOf(labels ?? '', line), value: Number(value) });
  }
  return samples;
}

/** The value of the one sample with a name and, at least, these labels. */
export function sampleOf(page: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const found = samplesOf(page).filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  if (found.length !== 1) throw new Error(`${found.length} samples are ${name}${JSON.stringify(labels)}`);
  return found[0]!.value;
}
