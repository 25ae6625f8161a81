import { Writable } from 'node:stream';

/** The other end of thread-stream: adds up lines of "recorder bytes", and writes the totals where it is told. */
export default function target({ totals }: { totals: Float64Array }): Writable {
  let rest = '';
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        const space = line.indexOf(' ');
        totals[0]! += 1;
        totals[1]! += Number(line.slice(space + 1));
      }
      done();
    },
  });
}
