/** Turns places (`earliest`, `latest`, a time) of assigned partitions into offsets. */
import { RetriableError, StreamsError } from '@millrace/core'
import type { Cluster } from '../cluster/cluster.ts'
import { listOffsets, type ListOffsetsOptions } from './list-offsets.ts'
import type { PartitionBuffer } from './partition-buffer.ts'

/**
 * Looks up the places of partitions of one topic. What passes is left for the next call; what does not becomes the
 * partitions' `error`. A partition that jumped meanwhile is left alone.
 *
 * @throws what is no StreamsError
 */
export async function resetPositions(
  cluster: Cluster,
  buffers: readonly PartitionBuffer[],
  options: ListOffsetsOptions,
): Promise<void> {
  const rounds = buffers.map((buffer) => buffer.round)
  const queries = buffers.map(({ topic, partition, place }) => ({ topic, partition, at: place ?? 'latest' }))
  for (const buffer of buffers) buffer.isResetting = true
  try {
    const found = await listOffsets(cluster, queries, options)
    for (const [i, buffer] of buffers.entries()) {
      if (buffer.round !== rounds[i]) continue
      const { offset } = found[i]!
      // −1: no record is that young, go on with what comes next.
      buffer.jump(offset >= 0 ? offset : 'latest')
    }
  } catch (error) {
    if (!(error instanceof StreamsError)) throw error
    if (error instanceof RetriableError) cluster.around.logger.warn(error.message)
    else for (const [i, buffer] of buffers.entries()) if (buffer.round === rounds[i]) buffer.error = error
  } finally {
    for (const buffer of buffers) buffer.isResetting = false
  }
}
