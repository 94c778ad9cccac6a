/**
 * The input queues of a task, and the choice among them: the oldest head is next. Ties are broken as java.util's binary
 * heap breaks them, so that one input gives one order, the same as Kafka Streams'.
 *
 * Whether a task may choose at all while a queue is empty (`max.task.idle.ms`) is the worker's decision: it knows lags
 * and clocks; here nothing is known but what is buffered.
 */
import { formatTopicPartition } from '@millrace/core'
import { PriorityQueue } from './priority-queue.ts'
import type { RecordQueue } from './record-queue.ts'

export class PartitionGroup {
  private readonly queues = new Map<string, RecordQueue>()
  private readonly nonEmpty = new PriorityQueue<RecordQueue>()

  get(topic: string, partition: number): RecordQueue | undefined {
    return this.queues.get(formatTopicPartition(topic, partition))
  }

  /** All queues, in the order in which they were added. */
  all(): Iterable<RecordQueue> {
    return this.queues.values()
  }

  addQueue(queue: RecordQueue): void {
    this.queues.set(formatTopicPartition(queue.topic, queue.partition), queue)
  }

  /** True when every queue has a head. */
  get allBuffered(): boolean {
    return this.nonEmpty.size === this.queues.size
  }

  /** To be called after records were added to a queue that had none. */
  becameNonEmpty(queue: RecordQueue): void {
    this.nonEmpty.add(queue)
  }

  // RECORD PATH 3/8: the queue whose head has the smallest event time is next; `take` it, then give the queue back.
  poll(): RecordQueue | undefined {
    return this.nonEmpty.poll()
  }

  /** Puts a polled queue back in line if it still has a head. */
  giveBack(queue: RecordQueue): void {
    if (queue.size > 0) this.nonEmpty.add(queue)
  }

  clear(): void {
    this.nonEmpty.clear()
    for (const queue of this.queues.values()) queue.clear()
  }
}
