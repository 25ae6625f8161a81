import type { Question } from '../harness/question.js';

/** Each is loaded in a process of its own. */
export const QUESTIONS: Readonly<Record<string, () => Promise<Question>>> = {
  message: async () => (await import('./message.js')).message,
  'message-random': async () => (await import('./message.js')).messageRandom,
  'publish-tick': async () => (await import('./publish-tick.js')).publishTick,
  sample: async () => (await import('./sample.js')).sample,
  apply: async () => (await import('./apply.js')).apply,
  flush: async () => (await import('./flush.js')).flush,
  'flush-many': async () => (await import('./flush.js')).flushMany,
  'end-to-end': async () => (await import('./end-to-end.js')).endToEnd,
  'end-to-end-random': async () => (await import('./end-to-end.js')).endToEndRandom,
  'host-loop': async () => (await import('./host-loop.js')).hostLoop,
  growth: async () => (await import('./growth.js')).growth,
  shards: async () => (await import('./shards.js')).shards,
  'full-channels': async () => (await import('./full-channels.js')).fullChannels,
  'start-stop': async () => (await import('./start-stop.js')).startStop,
};
