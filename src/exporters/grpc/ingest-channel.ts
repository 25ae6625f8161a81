import type { BatchKind } from '../batch.js';
import type { StreamStatus } from './stream-status.js';

/** A client stream to the receiver: messages go out, one status comes back. */
export interface IngestCall {
  /**
   * Sends a message.
   * @param taken is called, never in here, when the connection has taken it: only then is the next to be sent
   */
  write(message: Uint8Array, taken: () => void): void;
  /** Half-closes the stream: the receiver has everything, and answers. */
  end(): void;
  /** Gives the stream up; what it ends with is not of interest. */
  cancel(): void;
}

/** A way to the receiver. */
export interface IngestChannel {
  /**
   * Opens a stream, connecting where there is no connection.
   * @param ended is called once, never in here
   */
  open(kind: BatchKind, ended: (status: StreamStatus) => void): IngestCall;
  /** Gives the connection up: the next stream makes another. */
  reset(): void;
}
