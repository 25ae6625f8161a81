import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Who holds a lock: a thread, told from any other that ever was. */
export interface LockOwner {
  readonly host: string;
  readonly pid: number;
  /** Differs from one exporter to the next. */
  readonly instance: string;
  /** Where the system tells (Linux): of this start of the machine, and of the thread, with the time it started. */
  readonly boot?: string;
  readonly thread?: string;
}

/** Exporters of this thread that live. */
const living = new Set<string>();

export function born(instance: string): LockOwner {
  living.add(instance);
  const owner = { host: hostname(), pid: process.pid, instance };
  const boot = readOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  // Synchronous, as this thread has to read it: another one would find itself.
  const thread = readOr(() => threadWithStart(readlinkSync('/proc/thread-self')));
  return { ...owner, ...(boot === undefined ? {} : { boot }), ...(thread === undefined ? {} : { thread }) };
}

export function gone(instance: string): void {
  living.delete(instance);
}

/**
 * Whether an owner lives; undefined where this machine cannot tell. A restarted timer thread is another thread than
 * the one before it, which is gone. Where the system names no threads, one of this process that is not of this
 * thread counts as gone: a timer thread is only started when the one before it has ended.
 */
export function lives(owner: LockOwner, self: LockOwner): boolean | undefined {
  if (living.has(owner.instance)) return true;
  if (owner.host !== self.host) return undefined;
  if (owner.boot !== self.boot) return false;
  if (owner.thread !== undefined) {
    const [path = ''] = owner.thread.split(' ');
    return owner.thread !== self.thread && readOr(() => threadWithStart(path)) === owner.thread;
  }
  return owner.pid !== self.pid && isProcess(owner.pid);
}

/** @throws unless it is an owner's text */
export function parseOwner(text: string): LockOwner {
  const { host, pid, instance, boot, thread } = JSON.parse(text) as Record<string, unknown>;
  if (typeof host !== 'string' || !Number.isInteger(pid) || typeof instance !== 'string') {
    throw new TypeError('not the text of a lock');
  }
  const isThread = typeof thread === 'string' && /^\d+\/task\/\d+ \d+$/.test(thread);
  return {
    host,
    pid: pid as number,
    instance,
    ...(typeof boot === 'string' ? { boot } : {}),
    ...(isThread ? { thread } : {}),
  };
}

/** `1234/task/1240 5678`: process, thread, and when it started in ticks since the machine did. */
function threadWithStart(path: string): string {
  const text = readFileSync(`/proc/${path}/stat`, 'latin1');
  // The name, in parentheses, may hold anything; the start is the 20th field behind it.
  const started = text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  if (started === undefined) throw new TypeError('no start of the thread');
  return `${path} ${started}`;
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readOr(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
