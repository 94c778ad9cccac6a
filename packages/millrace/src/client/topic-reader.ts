/** Reads a topic from its beginning to its end as of now: tests, tools, tables of results. */
import type { Headers, Topic } from '@millrace/core'
import { type Cluster, type Isolation, listOffsets, readPartition } from '@millrace/protocol'

export interface ReaderOptions {
  /** Default `read_committed`: aborted and open transactions are not seen. */
  readonly isolation?: Isolation
}

/** A record as it was written; key and value null where the topic has none, e.g. tombstones. */
export interface ReadRecord<K, V> {
  readonly key: K | null
  readonly value: V | null
  readonly timestampMs: number
  readonly headers: Headers
  readonly partition: number
  readonly offset: number
}

export async function* readTopic<K, V>(
  cluster: Cluster,
  topic: Topic<K, V>,
  options: ReaderOptions,
): AsyncGenerator<ReadRecord<K, V>> {
  const isolation = options.isolation ?? 'read_committed'
  const [metadata] = await cluster.metadata.need([topic.name])
  const queries = (metadata?.partitions ?? []).map((_, partition) => ({ topic: topic.name, partition }))
  const at = (place: 'earliest' | 'latest') =>
    listOffsets(
      cluster,
      queries.map((query) => ({ ...query, at: place })),
      { isolation },
    )
  const [starts, ends] = await Promise.all([at('earliest'), at('latest')])
  for (const [i, { partition, offset: to }] of ends.entries()) {
    const from = starts[i]?.offset ?? 0
    for await (const part of readPartition(
      cluster,
      { topic: topic.name, partition, from, to },
      { isolation, maxWaitMs: 20 },
    )) {
      for (const { records, first } of part.batches) {
        for (let i = first; i < records.count && records.offsetAt(i) < to; i++)
          yield typed(topic, partition, records, i)
      }
    }
  }
}

interface Records {
  keyAt(i: number): Uint8Array | null
  valueAt(i: number): Uint8Array | null
  timestampAt(i: number): number
  offsetAt(i: number): number
  headersAt(i: number): Headers
}

function typed<K, V>(topic: Topic<K, V>, partition: number, records: Records, i: number): ReadRecord<K, V> {
  const headers = records.headersAt(i)
  const key = records.keyAt(i)
  const value = records.valueAt(i)
  return {
    key: key === null ? null : topic.key.deserialize(key, topic.name, headers),
    value: value === null ? null : topic.value.deserialize(value, topic.name, headers),
    timestampMs: records.timestampAt(i),
    headers,
    partition,
    offset: records.offsetAt(i),
  }
}
