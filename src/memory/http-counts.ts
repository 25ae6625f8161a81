/** Requests the metrics listener has answered, and connections it ended, since the start: doubles, timer thread. */
export const HttpCounts = {
  /** A section of codes for each path. */
  REQUESTS: 0,
  /** One count for each HttpDrop. */
  DROPPED: 4 * 11,
  WORDS: 4 * 11 + 4,
} as const;

/** In the order of the sections; `other` is every other path, and whatever is no HTTP. */
export const HTTP_PATHS = ['/metrics', '/healthz', '/readyz', 'other'] as const;
export type HttpPath = (typeof HTTP_PATHS)[number];

/** In the order of a section's counts. */
export const HTTP_CODES = [200, 400, 401, 404, 405, 408, 413, 417, 431, 500, 503] as const;
export type HttpCode = (typeof HTTP_CODES)[number];

/** Why a connection was ended, in the order of the counts. */
export const HTTP_DROPS = [
  /** There were `maxConnections`. */
  'limit',
  /** The answer was not taken in time. */
  'slow',
  /** A handshake of TLS that failed, or was never made. */
  'tls',
] as const;
export type HttpDrop = (typeof HTTP_DROPS)[number];

export function createHttpCounts(): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(HttpCounts.WORDS * 8));
}

/** Word of the count of a path and a code. */
export function requestWord(path: HttpPath, code: HttpCode): number {
  return HttpCounts.REQUESTS + HTTP_PATHS.indexOf(path) * HTTP_CODES.length + HTTP_CODES.indexOf(code);
}

/** Word of the count of a reason. */
export function dropWord(reason: HttpDrop): number {
  return HttpCounts.DROPPED + HTTP_DROPS.indexOf(reason);
}
