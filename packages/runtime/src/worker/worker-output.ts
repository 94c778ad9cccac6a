/**
 * What a worker writes with: producer, collector and committer belong together and are replaced together. A producer that
 * failed stays failed, so after a failure the worker makes a new output and opens its tasks again.
 */
import { TaskMigratedError } from '@millrace/core'
import { type Cluster, type GroupIdentity, type GroupMember, Producer, TransactionalProducer } from '@millrace/protocol'
import { isPlanted } from '@millrace/protocol/internal'
import { AtLeastOnceCommitter } from '../commit/at-least-once.ts'
import type { Committer } from '../commit/committer.ts'
import { ExactlyOnceCommitter } from '../commit/exactly-once.ts'
import { transactionalIdOf } from '../left-transactions.ts'
import type { AppContext } from './app-context.ts'
import { ProducerCollector } from './producer-collector.ts'

/** One generation of a worker's output. */
export interface WorkerOutput {
  readonly collector: ProducerCollector
  readonly committer: Committer
  /** Bytes that are not acknowledged. */
  readonly bufferedBytes: number
  /** Why the producer failed, null while it works. */
  readonly failure: Error | null
  /** Resolves when fewer bytes wait, or the producer failed. */
  space(belowBytes: number): Promise<void>
  /** For another output to follow, which decides what this one left open. */
  close(): Promise<void>
  /** For the last output of a worker: aborts what is left open, if the cluster can be reached. Never rejects. */
  retire(): Promise<void>
}

/** What an output is made of. */
export interface OutputParts {
  readonly app: AppContext
  /** Of the producer alone. */
  readonly cluster: Cluster
  readonly member: GroupMember
  /** Number of the worker: part of the transactional id, which must be the same after a restart. */
  readonly workerIndex: number
  /** Aborted when closing has taken too long: commits are given up. */
  readonly signal: AbortSignal
}

/**
 * Makes an output. Under exactly-once the earlier producer of this worker is fenced and its transaction decided.
 *
 * @throws {MR_PROTOCOL_AUTHORIZATION} {MR_PROTOCOL_DEADLINE} … of InitProducerId
 */
export async function openOutput(parts: OutputParts): Promise<WorkerOutput> {
  const { app, cluster } = parts
  const { options, around } = app
  const nowMs = around.clock
  const collector: ProducerCollector = new ProducerCollector(
    {
      partition: (topic, partition) => producer.partition(topic, partition),
      partitionCount: (topic) => cluster.metadata.topic(topic)?.partitions.length,
      needTopics: async (topics) => void (await cluster.metadata.need(topics)),
    },
    {
      handlers: options.handlers,
      deadLetterTopic: options.errorsDeadLetterQueueTopicName,
      logger: around.logger,
      random: around.random,
      stickyBytes: Math.max(1, options.batchSize),
      nowMs: () => nowMs.nowMs(),
    },
  )
  const settings = {
    lingerMs: options.lingerMs,
    batchBytes: Math.max(1, options.batchSize),
    requestBytesMax: options.maxRequestSize,
    compression: options.compressionType,
    onAcked: collector.onAcked.bind(collector),
    onRefused: collector.onRefused.bind(collector),
  }
  let transaction: TransactionalProducer | null = null
  let producer: Producer
  if (options.processingGuarantee === 'exactly-once') {
    transaction = new TransactionalProducer(cluster, {
      ...settings,
      transactionalId: transactionalIdOf(options.applicationId, app.processId, parts.workerIndex),
      transactionTimeoutMs: options.transactionTimeoutMs,
      initTimeoutMs: options.taskTimeoutMs,
    })
    await transaction.init()
    producer = transaction.producer
  } else {
    const { deliveryTimeoutMs } = options
    producer = new Producer(cluster, { ...settings, deliveryTimeoutMs, fence: () => lapsed(parts) })
  }
  const output = transaction
  return {
    collector,
    committer:
      output === null ? plainCommitter(parts, producer, collector) : transactionalCommitter(parts, output, collector),
    get bufferedBytes() {
      return producer.bufferedBytes
    },
    get failure() {
      return collector.failure ?? producer.failure
    },
    space: async (belowBytes) => producer.space(belowBytes),
    close: async () => {
      collector.close()
      await (output ?? producer).close()
    },
    retire: async () => {
      collector.close()
      await (output === null ? producer.close() : output.retire(retireMs))
    },
  }
}

/** Longest wait for the abort of what a worker leaves behind, ms. */
const retireMs = 2_000

function plainCommitter(parts: OutputParts, producer: Producer, collector: ProducerCollector): Committer {
  const flush = async (): Promise<void> => {
    await collector.settle()
    try {
      await producer.flush()
    } catch (error) {
      // What the production handler made of it says more than the producer.
      throw collector.failure ?? error
    }
  }
  return new AtLeastOnceCommitter({ flush, fence: () => lapsed(parts) }, async (positions) =>
    parts.member.commit(positions, { signal: parts.signal }),
  )
}

function transactionalCommitter(
  parts: OutputParts,
  transaction: TransactionalProducer,
  collector: ProducerCollector,
): Committer {
  return new ExactlyOnceCommitter({
    get isOpen() {
      // A failed producer has no transaction, and yet what was written to it is not committed.
      const failure = collector.failure ?? transaction.producer.failure
      if (failure !== null) throw failure
      return transaction.hasOpenTransaction || collector.isWaiting
    },
    sendOffsets: async (positions) => {
      await collector.settle()
      await transaction.sendOffsets(leaseOf(parts), positions)
    },
    commit: async () => transaction.commit(() => expired(parts)),
  })
}

/**
 * At-least-once: the error of a worker whose lease may have run out; null while it has not.
 *
 * Nothing but the worker itself keeps it from writing then, into changelogs that another one writes to by now.
 */
function lapsed(parts: OutputParts): TaskMigratedError | null {
  return parts.member.mayOwn() || isPlanted('lapsed-writer') ? null : lostError(parts)
}

/**
 * The lease of the generation that gave the tasks.
 *
 * @throws {MR_PROTOCOL_MEMBER_LOST} (TaskMigratedError) it may have run out without our knowing: commit nothing
 */
function leaseOf(parts: OutputParts): GroupIdentity {
  const { identity } = parts.member
  const refusal = expired(parts)
  if (refusal !== null || identity === null) throw refusal ?? lostError(parts)
  return identity
}

/**
 * Exactly-once: the error of a worker whose lease may have run out, null while it has not. Asked before the offsets and
 * again before the end: offsets that were accepted in time fence nothing of what happens after a long stop (Z1).
 */
function expired(parts: OutputParts): TaskMigratedError | null {
  const isHeld = parts.member.identity !== null && (parts.member.leaseValid() || isPlanted('lease-of-member'))
  return isHeld ? null : lostError(parts)
}

function lostError({ member, app }: OutputParts): TaskMigratedError {
  const details = { group: app.options.applicationId, member: member.memberId, reason: 'its session may have run out' }
  return new TaskMigratedError('MR_PROTOCOL_MEMBER_LOST', details)
}
