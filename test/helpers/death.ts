/** What a worker's code meets when its thread is terminated. */
export class Death extends Error {}

/** So many stores until the end. */
export class Life {
  #stores: number;

  constructor(stores: number) {
    this.#stores = stores;
  }

  /** Called before every store: one that finds nothing left never happens. */
  store(): void {
    if (this.#stores === 0) throw new Death();
    this.#stores--;
  }
}

type View = Int32Array | Float64Array | Float32Array;

const targets = new WeakMap<object, View>();

/** A view of the same memory whose user dies when its life is over. */
export function mortal<T extends View>(view: T, life: Life): T {
  const proxy = new Proxy(view, {
    set(target, key, value) {
      life.store();
      return Reflect.set(target, key, value);
    },
  });
  targets.set(proxy, view);
  return proxy;
}

/** Whether `work` came to its end. Its Atomics stores count as stores, on mortal views and on others. */
export function outlives(life: Life, work: () => void): boolean {
  const { load, store, add } = Atomics;
  const viewOf = (view: Int32Array): Int32Array => (targets.get(view) ?? view) as Int32Array;
  Object.assign(Atomics, {
    load: (view: Int32Array, at: number) => load(viewOf(view), at),
    store(view: Int32Array, at: number, value: number) {
      life.store();
      return store(viewOf(view), at, value);
    },
    add(view: Int32Array, at: number, value: number) {
      life.store();
      return add(viewOf(view), at, value);
    },
  });
  try {
    work();
    return true;
  } catch (error) {
    if (!(error instanceof Death)) throw error;
    return false;
  } finally {
    Object.assign(Atomics, { load, store, add });
  }
}
