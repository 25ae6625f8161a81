type Step = string | number | undefined;

interface Node<T> {
  readonly children: Map<Step, Node<T>>;
  value: T | undefined;
}

/** Values by a path of names, which may be any text: no joined key of them is free of collisions. */
export class PathMap<T> {
  readonly #root: Node<T> = { children: new Map(), value: undefined };

  /** The value of a path, made when the path is new. */
  get(path: readonly Step[], make: () => T): T {
    let node = this.#root;
    for (const step of path) {
      let child = node.children.get(step);
      if (child === undefined) {
        child = { children: new Map(), value: undefined };
        node.children.set(step, child);
      }
      node = child;
    }
    node.value ??= make();
    return node.value;
  }
}
