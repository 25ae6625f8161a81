import { Writable } from 'node:stream';

/** Streams for a command, and what it has written to them. */
export function captured() {
  const said = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr'): Writable =>
    new Writable({
      decodeStrings: false,
      write(text, _encoding, done) {
        said[name] += text;
        done();
      },
    });
  return { said, streams: { stdout: into('stdout'), stderr: into('stderr') } };
}
