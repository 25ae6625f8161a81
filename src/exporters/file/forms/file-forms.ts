import { FRAMES_HEADER, frames } from './frames.js';
import { JSON_LINES_HEADER, jsonLines } from './json-lines.js';
import type { MakePieces } from './shared-pieces.js';

/** How files are written. */
export const FileForm = { JSON_LINES: 'jsonl', MSGPACK: 'msgpack' } as const;
export type FileForm = (typeof FileForm)[keyof typeof FileForm];

export interface FormRules {
  /** What each file begins with. */
  readonly header: Uint8Array;
  /** A batch's bytes in this form. */
  readonly pieces: MakePieces;
}

export const FORM_RULES: Readonly<Record<FileForm, FormRules>> = {
  [FileForm.JSON_LINES]: { header: JSON_LINES_HEADER, pieces: jsonLines },
  [FileForm.MSGPACK]: { header: FRAMES_HEADER, pieces: frames },
};
