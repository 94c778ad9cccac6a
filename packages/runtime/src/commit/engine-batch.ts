/** The steps of a commit that touch a task's engine: the flush, and the one batch of staged rows and fitting positions. */
import { isPlanted } from '@millrace/protocol/internal'
import { acknowledgedThrough, positionOperation, restoredThrough } from '../changelog/positions.ts'
import type { CommitOptions, CommitPosition, CommitUnit } from './committer.ts'

/**
 * Writes rows and positions in one batch. An idle task writes none.
 *
 * The positions are those the cluster has acknowledged; for a changelog that is an input topic, that of the input.
 */
export async function writeEngineBatch(
  unit: CommitUnit,
  positions: readonly CommitPosition[],
  options: CommitOptions = {},
): Promise<void> {
  try {
    await write(unit, positions, options)
  } catch (error) {
    unit.onThrown?.(error)
    throw error
  }
}

/** Cached updates go to changelogs and downstream. @throws what a store or a node below it throws */
export function flushUnit(unit: CommitUnit): void {
  try {
    unit.task.flushStores()
  } catch (error) {
    unit.onThrown?.(error)
    throw error
  }
}

async function write(unit: CommitUnit, positions: readonly CommitPosition[], options: CommitOptions): Promise<void> {
  const operations = unit.task.stage()
  const rows = operations.length
  for (const { topic, partition, isSource } of unit.changelogs) {
    if (isSource) {
      const input = positions.find((position) => position.topic === topic && position.partition === partition)
      if (input !== undefined) operations.push(positionOperation(topic, partition, restoredThrough(input.offset)))
      continue
    }
    const last = unit.acknowledgedOffset(topic, partition)
    if (last !== undefined) operations.push(positionOperation(topic, partition, acknowledgedThrough(last)))
  }
  if (operations.length > rows && isPlanted('position-apart')) {
    await unit.engine.write(operations.splice(rows), options)
  }
  if (operations.length > 0) await unit.engine.write(operations, options)
}
