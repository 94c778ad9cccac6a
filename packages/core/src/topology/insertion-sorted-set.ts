/**
 * A set that asks for the order of its elements only while one is inserted, and never moves them again: what
 * `java.util.TreeSet` does when the sort key of its elements changes later, as Kafka's `describe()` lets it.
 *
 * With keys that change, the order depends on the shape of the tree, so this is the same tree: red-black, insertion only.
 */
interface TreeNode<T> {
  value: T
  red: boolean
  left: TreeNode<T> | null
  right: TreeNode<T> | null
  parent: TreeNode<T> | null
}

export class InsertionSortedSet<T> {
  #root: TreeNode<T> | null = null
  readonly #compare: (a: T, b: T) => number

  /** @param compare 0 = the same element; called only inside `add` */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  /** Does nothing when the way down the tree meets the same element. */
  add(value: T): void {
    let parent: TreeNode<T> | null = null
    let order = 0
    for (let at = this.#root; at !== null; at = order < 0 ? at.left : at.right) {
      order = this.#compare(value, at.value)
      if (order === 0) return
      parent = at
    }
    const node: TreeNode<T> = { value, red: true, left: null, right: null, parent }
    if (parent === null) this.#root = node
    else if (order < 0) parent.left = node
    else parent.right = node
    this.#balance(node)
  }

  *[Symbol.iterator](): Generator<T> {
    const open: TreeNode<T>[] = []
    let at = this.#root
    while (at !== null || open.length > 0) {
      for (; at !== null; at = at.left) open.push(at)
      const node = open.pop() as TreeNode<T>
      yield node.value
      at = node.right
    }
  }

  #balance(inserted: TreeNode<T>): void {
    let node = inserted
    for (;;) {
      const parent = node.parent
      const grandparent = parent?.parent ?? null
      if (parent === null || !parent.red || grandparent === null) break
      const onLeft = parent === grandparent.left
      const uncle = onLeft ? grandparent.right : grandparent.left
      if (uncle?.red === true) {
        parent.red = false
        uncle.red = false
        grandparent.red = true
        node = grandparent
        continue
      }
      if (node === (onLeft ? parent.right : parent.left)) {
        node = parent
        this.#rotate(node, onLeft)
      }
      const top = node.parent as TreeNode<T>
      top.red = false
      grandparent.red = true
      this.#rotate(grandparent, !onLeft)
    }
    if (this.#root !== null) this.#root.red = false
  }

  /** Moves a node down to its left or right; its child of the other side takes its place. */
  #rotate(node: TreeNode<T>, toLeft: boolean): void {
    const up = (toLeft ? node.right : node.left) as TreeNode<T>
    const inner = toLeft ? up.left : up.right
    if (toLeft) node.right = inner
    else node.left = inner
    if (inner !== null) inner.parent = node
    up.parent = node.parent
    if (node.parent === null) this.#root = up
    else if (node.parent.left === node) node.parent.left = up
    else node.parent.right = up
    if (toLeft) up.left = node
    else up.right = node
    node.parent = up
  }
}
