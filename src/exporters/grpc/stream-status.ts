import { status as Status } from '@grpc/grpc-js';

/** How a stream ended. */
export interface StreamStatus {
  /** Of gRPC. */
  readonly code: number;
  /** The receiver's words, or the library's: hostile text, which may quote a secret; never to be shown. */
  readonly details: string;
}

/** What the end of a stream means for the batches in it. */
export const Verdict = {
  SENT: 'sent',
  /** May go better later. */
  RETRY: 'retry',
  /** May go better when somebody has changed something. */
  RETRY_SLOWLY: 'retrySlowly',
  /** Would be answered the same way again, at least for one of the batches. */
  REFUSED: 'refused',
} as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

const REFUSALS: ReadonlySet<number> = new Set([
  Status.INVALID_ARGUMENT,
  Status.NOT_FOUND,
  Status.ALREADY_EXISTS,
  Status.FAILED_PRECONDITION,
  Status.OUT_OF_RANGE,
  Status.UNIMPLEMENTED,
]);
const LOCKED_OUT: ReadonlySet<number> = new Set([Status.UNAUTHENTICATED, Status.PERMISSION_DENIED]);

/** What the implementations of gRPC say of a message beyond the receiver's limit: under a code that else passes. */
const TOO_LARGE = /message (?:is )?larger than max/i;

export function verdictOf({ code, details }: StreamStatus): Verdict {
  if (code === Status.OK) return Verdict.SENT;
  if (LOCKED_OUT.has(code)) return Verdict.RETRY_SLOWLY;
  const isTooLarge = code === Status.RESOURCE_EXHAUSTED && TOO_LARGE.test(details);
  return REFUSALS.has(code) || isTooLarge ? Verdict.REFUSED : Verdict.RETRY;
}

const WORDS: Readonly<Record<number, string>> = {
  [Status.OK]: 'the receiver answered before it had everything',
  [Status.CANCELLED]: 'the stream was cancelled',
  [Status.UNKNOWN]: 'the receiver failed',
  [Status.INVALID_ARGUMENT]: 'the receiver refuses a batch',
  [Status.DEADLINE_EXCEEDED]: 'no answer within the deadline',
  [Status.NOT_FOUND]: 'the receiver refuses a batch',
  [Status.ALREADY_EXISTS]: 'the receiver refuses a batch',
  [Status.PERMISSION_DENIED]: 'the receiver does not permit this',
  [Status.RESOURCE_EXHAUSTED]: 'the receiver is overloaded',
  [Status.FAILED_PRECONDITION]: 'the receiver refuses a batch',
  [Status.ABORTED]: 'the receiver gave up',
  [Status.OUT_OF_RANGE]: 'the receiver refuses a batch',
  [Status.UNIMPLEMENTED]: 'the receiver does not offer this call',
  [Status.INTERNAL]: 'the receiver or the connection is broken',
  [Status.UNAVAILABLE]: 'the receiver cannot be reached',
  [Status.DATA_LOSS]: 'the receiver lost something',
  [Status.UNAUTHENTICATED]: 'the receiver does not accept the token or certificate',
};

/** Causes that are told by name, by what of the details gives them away. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/altnames|does not match certificate/i, "its certificate's name is another"],
  [/certificate has expired/i, 'its certificate has expired'],
  [/certificate/i, 'its certificate is not trusted, or it asks for one'],
  [/ssl|tls/i, 'TLS failed'],
  [/name resolution failed/i, 'its name is unknown'],
];
const SYSTEM_ERROR =
  /\b(ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EMFILE|ENFILE|EADDRNOTAVAIL|EACCES|EPERM)\b/;

/** A status as it may be shown: its name, and words that are ours. */
export function shownStatus(status: StreamStatus): string {
  const { code, details } = status;
  const name = Status[code] ?? `CODE_${Math.trunc(code)}`;
  const words = TOO_LARGE.test(details)
    ? 'the receiver takes smaller messages only (maxMessageBytes)'
    : (WORDS[code] ?? 'the receiver failed');
  const cause = causeOf(status);
  return cause === undefined ? `${name}: ${words}` : `${name}: ${words} (${cause})`;
}

function causeOf({ code, details }: StreamStatus): string | undefined {
  if (code === Status.DEADLINE_EXCEEDED && /waiting for/i.test(details)) return 'no connection was made';
  if (code !== Status.UNAVAILABLE) return undefined;
  return SYSTEM_ERROR.exec(details)?.[1] ?? CAUSES.find(([pattern]) => pattern.test(details))?.[1];
}
