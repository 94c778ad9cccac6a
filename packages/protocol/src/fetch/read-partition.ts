/**
 * Reads one partition from an offset to an end: restores, tools, tests.
 *
 * The end is reached by position, not by the last record: behind it there may be only transaction markers, aborted or
 * compacted records (KAFKA-12951).
 */
import type { Cluster } from '../cluster/cluster.ts'
import { Fetcher, type FetcherOptions } from './fetcher.ts'
import type { OffsetPlace } from './list-offsets.ts'
import type { FetchedPartition } from './partition-buffer.ts'

/** What to read. */
export interface ReadRange {
  readonly topic: string
  readonly partition: number
  /** First offset. */
  readonly from: number | OffsetPlace
  /** First offset that is not needed any more; batches may go beyond it. */
  readonly to: number
  /** Ends the reading between two parts. */
  readonly signal?: AbortSignal
}

/**
 * The parts of the range in order; ends when the position reaches `to`.
 *
 * Under read_committed it waits while a transaction before `to` is open; the signal ends that. Errors as `Fetcher.poll`.
 */
export async function* readPartition(
  cluster: Cluster,
  range: ReadRange,
  options: FetcherOptions = {},
): AsyncGenerator<FetchedPartition, void, void> {
  const { topic, partition, from, to, signal } = range
  if (typeof from === 'number' && from >= to) return
  const fetcher = new Fetcher(cluster, options)
  const wake = (): void => fetcher.wakeup()
  signal?.addEventListener('abort', wake)
  try {
    fetcher.assign([{ topic, partition, offset: from }])
    for (let position = -1; position < to && signal?.aborted !== true;) {
      for (const part of await fetcher.poll(idleMs)) {
        yield part
        position = part.nextOffset
      }
      position = Math.max(position, fetcher.position(topic, partition) ?? -1)
    }
  } finally {
    signal?.removeEventListener('abort', wake)
    await fetcher.close()
  }
}

const idleMs = 1000
