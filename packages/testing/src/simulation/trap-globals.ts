/**
 * While a simulation runs, real time and real chance are out of bounds: what would break the repetition of a seed throws
 * instead, with a stack that shows who it was.
 */
const traps: readonly [object: object, name: string, owner: string][] = [
  [globalThis, 'setTimeout', ''],
  [globalThis, 'setInterval', ''],
  [globalThis, 'setImmediate', ''],
  [Date, 'now', 'Date.'],
  [Math, 'random', 'Math.'],
  [performance, 'now', 'performance.'],
  [crypto, 'randomUUID', 'crypto.'],
  [crypto, 'getRandomValues', 'crypto.'],
]
let depth = 0
let restore: (() => void)[] = []

/** Sets the traps. @returns takes them away again */
export function trapGlobals(): () => void {
  if (depth++ === 0)
    restore = traps.map(([object, name, owner]) => trap(object as Record<string, unknown>, name, owner))
  return () => {
    if (--depth === 0) for (const one of restore) one()
  }
}

function trap(object: Record<string, unknown>, name: string, owner: string): () => void {
  const own = Object.getOwnPropertyDescriptor(object, name)
  Object.defineProperty(object, name, {
    configurable: true,
    writable: true,
    value: () => {
      throw new Error(`simulated code called the real ${owner}${name}`)
    },
  })
  return () => {
    if (own === undefined) delete object[name]
    else Object.defineProperty(object, name, own)
  }
}
