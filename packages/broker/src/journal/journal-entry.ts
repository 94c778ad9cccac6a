/**
 * What the broker remembers beside the partition logs, one entry per change. Kafka keeps these in its metadata log,
 * `__consumer_offsets` and `__transaction_state`.
 */

/** A committed or pending offset of one partition. */
export interface OffsetEntry {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
  readonly commitTimeMs: number
}

/** A transaction as its coordinator last wrote it; bigint-free, so that it can be written as JSON. */
export interface TransactionEntry {
  readonly transactionalId: string
  readonly producerId: number
  readonly previousProducerId: number
  readonly nextProducerId: number
  readonly producerEpoch: number
  readonly lastProducerEpoch: number
  readonly timeoutMs: number
  readonly state: string
  readonly partitions: readonly (readonly [topic: string, partition: number])[]
  readonly groups: readonly string[]
  readonly startMs: number
  readonly updateMs: number
}

export type JournalEntry =
  | { readonly kind: 'cluster'; readonly id: string }
  | {
      readonly kind: 'topic'
      readonly name: string
      readonly id: string
      readonly replicationFactor: number
      readonly partitions: number
      readonly config: Readonly<Record<string, string>>
    }
  | { readonly kind: 'topic-deleted'; readonly name: string }
  | { readonly kind: 'topic-config'; readonly name: string; readonly config: Readonly<Record<string, string>> }
  | { readonly kind: 'topic-partitions'; readonly name: string; readonly partitions: number }
  | { readonly kind: 'log-start'; readonly topic: string; readonly partition: number; readonly offset: number }
  | { readonly kind: 'producer-ids'; readonly next: number }
  | { readonly kind: 'offsets'; readonly group: string; readonly offsets: readonly OffsetEntry[] }
  | {
      readonly kind: 'pending-offsets'
      readonly group: string
      readonly producerId: number
      readonly producerEpoch: number
      readonly offsets: readonly OffsetEntry[]
    }
  | { readonly kind: 'pending-decided'; readonly group: string; readonly producerId: number; readonly commit: boolean }
  | {
      readonly kind: 'offsets-deleted'
      readonly group: string
      readonly partitions: readonly (readonly [topic: string, partition: number])[]
    }
  | { readonly kind: 'group-deleted'; readonly group: string }
  | { readonly kind: 'transaction'; readonly transaction: TransactionEntry }
  | { readonly kind: 'transaction-removed'; readonly transactionalId: string }

export type JournalKind = JournalEntry['kind']
