/**
 * An engine whose every batch carries its number, so that a batch lost from the middle of its log is found at the next open
 * (`core/store/commit-ring.ts` says how). Engines from which no crash takes anything, those in memory, are left as they are.
 */
import { TaskCorruptedError } from '@millrace/core'
import { checkCommitRing, stampBatch } from '@millrace/core/internal'
import { isPlanted } from '@millrace/protocol/internal'
import type { StoreEngine } from '@millrace/core/port'

/**
 * Checks an engine that was just opened.
 *
 * @returns the engine to use in its place
 * @throws {MR_STORE_CORRUPT} (TaskCorruptedError) a batch is missing: remove the rows and restore
 */
export function ringedEngine(engine: StoreEngine, task: string): StoreEngine {
  const logBytes = engine.stats().writeBufferBytes ?? 0
  if (logBytes === 0 || isPlanted('ring-off')) return engine
  const checked = checkCommitRing((key) => engine.getSync(key), logBytes)
  if (checked.ring === null) {
    const reason = `batch ${checked.hole} of its commits is missing`
    throw new TaskCorruptedError('MR_STORE_CORRUPT', { store: `task ${task}`, reason })
  }
  let { ring } = checked
  return {
    supports: engine.supports,
    getSync: (key) => engine.getSync(key),
    getMany: async (keys) => engine.getMany(keys),
    range: (options) => engine.range(options),
    rangeSync: (options) => engine.rangeSync(options),
    write: async (operations, options) => {
      const batch = [...operations]
      const after = stampBatch(ring, batch)
      await engine.write(batch, options)
      ring = after
    },
    clear: async (range) => engine.clear(range),
    compact: async (range) => engine.compact(range),
    snapshot: () => engine.snapshot(),
    stats: () => engine.stats(),
    close: async () => engine.close(),
    [Symbol.asyncDispose]: async () => engine.close(),
  }
}
