import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

/** Colours for a stream: only on a terminal, and never where the user wants none (no-color.org). */
export function colorsFor(stream: { readonly isTTY?: boolean }): Colors {
  const { NO_COLOR, TERM } = process.env;
  return pc.createColors(stream.isTTY === true && !NO_COLOR && TERM !== 'dumb');
}
