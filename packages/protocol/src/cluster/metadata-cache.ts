/**
 * The client's picture of topics, leaders and brokers, refreshed when it turned out wrong or grew old.
 *
 * One refresh runs at a time and always covers every tracked topic; who asks meanwhile waits for the same answer.
 * Nothing here guesses: a lookup is synchronous and may find nothing, then the caller refreshes and tries again.
 */
import { RetriableError } from '@millrace/core'
import type { BrokerAddress, TransportChannel } from '@millrace/core/port'
import { metadata } from '../codec/apis.ts'
import { errorCode } from '../codec/error-code.ts'
import type { BrokerCaller } from './caller.ts'
import { responseError, topicMissing } from './response-error.ts'
import { backoffMs, retry } from './retry.ts'
import { monotonicMs } from './surroundings.ts'
import { type ClusterMetadata, type PartitionMetadata, readMetadata, type TopicMetadata } from './topic-metadata.ts'

/** How long `need` waits. */
export interface NeedOptions {
  /** For leaders to be elected; default 30 000. */
  readonly timeoutMs?: number
  /** For a topic that does not exist (brokers learn of a new topic one after the other); default 2000. */
  readonly missingMs?: number
}

export class MetadataCache {
  readonly #caller: BrokerCaller
  readonly #channel: TransportChannel
  readonly #maxAgeMs: number
  readonly #tracked = new Set<string>()
  readonly #topics = new Map<string, TopicMetadata>()
  readonly #problems = new Map<string, number>()
  #cluster: ClusterMetadata | null = null
  #refreshedMs = 0
  #refreshing: Promise<void> | null = null
  #askedTopics: ReadonlySet<string> = new Set()
  #soon: Promise<void> | null = null
  #streak = 0
  #streakMs = 0

  constructor(caller: BrokerCaller, channel: TransportChannel, maxAgeMs: number) {
    this.#caller = caller
    this.#channel = channel
    this.#maxAgeMs = maxAgeMs
  }

  /** Brokers of the last refresh; empty before the first. */
  get brokers(): readonly BrokerAddress[] {
    return this.#cluster?.brokers ?? []
  }

  /** The broker that takes administrative requests (any broker forwards them under KRaft), −1 when unknown. */
  get controllerId(): number {
    return this.#cluster?.controllerId ?? -1
  }

  get clusterId(): string | null {
    return this.#cluster?.clusterId ?? null
  }

  /** A tracked topic as of the last refresh. */
  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name)
  }

  /** Code that the last refresh gave for a tracked topic (3 missing, 29 no right, …), 0 when there is none. */
  problem(name: string): number {
    return this.#problems.get(name) ?? 0
  }

  /** The partition when it has a leader now. */
  leader(topic: string, partition: number): PartitionMetadata | undefined {
    const found = this.#topics.get(topic)?.partitions[partition]
    return found !== undefined && found.leader >= 0 ? found : undefined
  }

  /** Topics that later refreshes cover. */
  track(topics: Iterable<string>): void {
    for (const topic of topics) this.#tracked.add(topic)
  }

  /** Forgets topics. */
  untrack(topics: Iterable<string>): void {
    for (const topic of topics) {
      this.#tracked.delete(topic)
      this.#topics.delete(topic)
      this.#problems.delete(topic)
    }
  }

  /** True when the last refresh is older than the maximum age (5 minutes by default), or there was none. */
  isOld(): boolean {
    return this.#cluster === null || monotonicMs(this.#caller.around.clock) - this.#refreshedMs > this.#maxAgeMs
  }

  /**
   * Asks any broker about all tracked topics and `topics`, which are tracked from now on. One attempt.
   *
   * @throws what the transport throws
   */
  async refresh(topics: Iterable<string> = []): Promise<void> {
    this.track(topics)
    while (this.#refreshing !== null) {
      const covered = [...this.#tracked].every((topic) => this.#askedTopics.has(topic))
      await this.#refreshing.catch((error: unknown) => {
        if (covered) throw error
      })
      if (covered) return
    }
    this.#askedTopics = new Set(this.#tracked)
    this.#refreshing = this.#ask().finally(() => {
      this.#refreshing = null
    })
    await this.#refreshing
  }

  /**
   * A refresh after a short wait that grows while it is asked for again and again: for callers that loop until the
   * picture is right. No wait for topics that were never asked about. Shared by all who ask meanwhile; a broker that
   * cannot be reached is no error here.
   */
  async refreshSoon(): Promise<void> {
    this.#soon ??= this.#waitAndRefresh().finally(() => {
      this.#soon = null
    })
    await this.#soon
  }

  /**
   * The topics, each existing and with a leader for every partition.
   *
   * @throws {MR_PROTOCOL_TOPIC_MISSING} (FatalError) one does not exist and did not appear within `missingMs`
   * @throws {MR_PROTOCOL_AUTHORIZATION} (FatalError) this user may not describe one
   * @throws {MR_PROTOCOL_DEADLINE} (RetriableError) no leader, or no broker, within `timeoutMs`
   */
  async need(topics: readonly string[], options: NeedOptions = {}): Promise<TopicMetadata[]> {
    const { around } = this.#caller
    const missingUntil = monotonicMs(around.clock) + (options.missingMs ?? 2000)
    return retry(around, { what: 'Metadata', timeoutMs: options.timeoutMs ?? 30_000, maxMs: 250 }, async () => {
      await this.refresh(topics)
      return topics.map((name) => {
        const problem = this.problem(name)
        const context = { api: 'Metadata', what: `topic "${name}"`, topic: name }
        if (problem === errorCode.UNKNOWN_TOPIC_OR_PARTITION && monotonicMs(around.clock) >= missingUntil) {
          throw topicMissing(name)
        }
        if (problem !== 0) throw responseError(problem, context)
        const topic = this.topic(name)
        // Unknown without a problem: somebody else has untracked it while it was asked for.
        if (topic === undefined || topic.partitions.length === 0 || topic.partitions.some((p) => p.leader < 0)) {
          throw responseError(errorCode.LEADER_NOT_AVAILABLE, context)
        }
        return topic
      })
    })
  }

  /** Names of all topics of the cluster with their metadata, without tracking them. */
  async all(): Promise<ReadonlyMap<string, TopicMetadata>> {
    const response = await this.#caller.call('any', metadata, { topics: null, allowAutoTopicCreation: false })
    const picture = readMetadata(response)
    this.#channel.learn(picture.brokers)
    return picture.topics
  }

  async #ask(): Promise<void> {
    const asked = this.#askedTopics
    const response = await this.#caller.call('any', metadata, {
      topics: [...asked].map((name) => ({ name })),
      allowAutoTopicCreation: false,
    })
    const picture = readMetadata(response)
    this.#cluster = picture
    this.#refreshedMs = monotonicMs(this.#caller.around.clock)
    this.#channel.learn(picture.brokers)
    for (const name of asked) {
      if (!this.#tracked.has(name)) continue
      const topic = picture.topics.get(name)
      if (topic === undefined) this.#topics.delete(name)
      else this.#topics.set(name, topic)
      const problem = picture.problems.get(name)
      if (problem === undefined) this.#problems.delete(name)
      else this.#problems.set(name, problem)
    }
  }

  async #waitAndRefresh(): Promise<void> {
    const { around } = this.#caller
    const calmMs = monotonicMs(around.clock) - this.#streakMs
    this.#streak = calmMs > 3000 ? 0 : this.#streak + 1
    const isNew = [...this.#tracked].some((topic) => !this.#askedTopics.has(topic))
    if (!isNew) await around.timers.sleep(backoffMs(this.#streak, around.random))
    try {
      await this.refresh()
    } catch (error) {
      if (!(error instanceof RetriableError)) throw error
      around.logger.debug('metadata could not be refreshed', { reason: error.message })
    }
    this.#streakMs = monotonicMs(around.clock)
  }
}
