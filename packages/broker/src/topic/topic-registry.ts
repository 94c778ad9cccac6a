/**
 * The topics of the cluster: created, deleted, widened and configured here, and found again after a restart.
 *
 * Leaders are spread over the nodes round robin. With one node it leads everything.
 */
import { FatalError } from '@millrace/core'
import { type Logger, silentLogger } from '@millrace/core/port'
import { errorCode } from '@millrace/protocol/internal'
import type { JournalEntry, JournalKind } from '../journal/journal-entry.ts'
import type { Journal, JournalPart } from '../journal/journal.ts'
import { PartitionLog } from '../log/partition-log.ts'
import { openLog } from '../log/recovery.ts'
import type { LogStorage } from '../storage/log-storage.ts'
import type { Random } from '../surroundings.ts'
import type { BrokerConfig } from './broker-config.ts'
import { Partition, Topic } from './topic.ts'
import { TopicConfig } from './topic-config.ts'

const topicNameBytesMax = 249

/** What a new topic is to be. */
export interface NewTopic {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly config: ReadonlyMap<string, string>
}

/** A topic that another part of the broker needs to hear of when it goes. */
export type TopicDeleted = (topic: Topic) => void

export class TopicRegistry implements JournalPart {
  readonly kinds: readonly JournalKind[] = ['topic', 'topic-deleted', 'topic-config', 'topic-partitions', 'log-start']
  readonly #byName: Map<string, Topic> = new Map()
  readonly #byId: Map<string, Topic> = new Map()
  readonly #starts: Map<string, number> = new Map()
  readonly #config: BrokerConfig
  readonly #journal: Journal
  readonly #storage: LogStorage
  readonly #random: Random
  readonly #nodes: readonly number[]
  readonly #whenDeleted: TopicDeleted[] = []
  #logger: Logger = silentLogger
  /** Files found at the start by folder; undefined once the start is over. */
  #foundFiles: Map<string, string[]> | undefined

  constructor(from: {
    config: BrokerConfig
    journal: Journal
    storage: LogStorage
    random: Random
    nodes: readonly number[]
  }) {
    this.#config = from.config
    this.#journal = from.journal
    this.#storage = from.storage
    this.#random = from.random
    this.#nodes = from.nodes
    this.#foundFiles = filesByFolder(from.storage.list())
    from.journal.add(this)
  }

  /**
   * After the journal has been replayed: opens the logs and removes those of topics that were deleted. Other files, which
   * are none of the broker's, stay.
   *
   * @throws {MR_BROKER_DAMAGED} (FatalError) a log is damaged, or there are logs but nothing is known of their topics
   */
  recover({ journalIsEmpty, logger }: { readonly journalIsEmpty: boolean; readonly logger: Logger }): void {
    const found = this.#foundFiles ?? new Map<string, string[]>()
    this.#logger = logger
    const [log] = [...found.values()].flat().filter(isLogFile)
    if (journalIsEmpty && log !== undefined) {
      const reason = `it is gone or empty, but there are logs, such as ${log}`
      throw new FatalError('MR_BROKER_DAMAGED', { file: 'cluster.journal', position: 0, reason })
    }
    for (const topic of this.#byName.values()) {
      for (const { index } of topic.partitions) topic.partitions[index] = this.#open(topic, index, found)
    }
    this.#foundFiles = undefined
    const known = new Set(this.all().flatMap((topic) => topic.partitions.map((partition) => partition.log.name)))
    for (const [folder, files] of found) {
      if (!known.has(folder)) for (const file of files.filter(isLogFile)) this.#storage.remove(file)
    }
  }

  get(name: string): Topic | undefined {
    return this.#byName.get(name)
  }

  byId(id: string): Topic | undefined {
    return this.#byId.get(id)
  }

  partition(name: string, index: number): Partition | undefined {
    return this.#byName.get(name)?.partitions[index]
  }

  all(): Topic[] {
    return [...this.#byName.values()]
  }

  onDeleted(listener: TopicDeleted): void {
    this.#whenDeleted.push(listener)
  }

  /** Creates a topic whose name and settings have been checked. */
  create(wanted: NewTopic): Topic {
    const { name, replicationFactor, partitions } = wanted
    const id = this.#newId()
    const config = Object.fromEntries(wanted.config)
    this.#journal.write({ kind: 'topic', name, id, replicationFactor, partitions, config })
    return this.#add(new Topic({ name, id, replicationFactor, config: this.#configOf(config) }), partitions)
  }

  delete(name: string): void {
    const topic = this.#byName.get(name)
    if (topic === undefined) return
    this.#journal.write({ kind: 'topic-deleted', name })
    this.#forget(topic)
    for (const partition of topic.partitions) {
      partition.log.destroy()
      partition.notify(Infinity)
    }
    for (const listener of this.#whenDeleted) listener(topic)
  }

  widen(topic: Topic, partitions: number): void {
    this.#journal.write({ kind: 'topic-partitions', name: topic.name, partitions })
    this.#fill(topic, partitions)
  }

  configure(topic: Topic, given: ReadonlyMap<string, string>): void {
    this.#journal.write({ kind: 'topic-config', name: topic.name, config: Object.fromEntries(given) })
    topic.config = topic.config.with(given)
  }

  /** Makes the start of a partition's log known for the next start of the broker. */
  recordStart(partition: Partition): void {
    const { topic, index, log } = partition
    this.#starts.set(log.name, log.startOffset)
    this.#journal.write({ kind: 'log-start', topic: topic.name, partition: index, offset: log.startOffset })
  }

  replay(entry: JournalEntry): void {
    if (entry.kind === 'topic') {
      const { name, id, replicationFactor } = entry
      this.#add(new Topic({ name, id, replicationFactor, config: this.#configOf(entry.config) }), entry.partitions)
    } else if (entry.kind === 'log-start') {
      this.#starts.set(`${entry.topic}-${entry.partition}`, entry.offset)
    } else if (entry.kind === 'topic-deleted' || entry.kind === 'topic-config' || entry.kind === 'topic-partitions') {
      const topic = this.#byName.get(entry.name)
      if (topic === undefined) return
      if (entry.kind === 'topic-deleted') this.#forget(topic)
      else if (entry.kind === 'topic-config') topic.config = this.#configOf(entry.config)
      else this.#fill(topic, entry.partitions)
    }
  }

  *snapshot(): Iterable<JournalEntry> {
    for (const { name, id, replicationFactor, partitions, config } of this.#byName.values()) {
      const given = Object.fromEntries(config.given)
      yield { kind: 'topic', name, id, replicationFactor, partitions: partitions.length, config: given }
      for (const { index, log } of partitions) {
        if (log.startOffset > 0) yield { kind: 'log-start', topic: name, partition: index, offset: log.startOffset }
      }
    }
  }

  close(): void {
    for (const topic of this.#byName.values()) for (const partition of topic.partitions) partition.log.close()
  }

  #add(topic: Topic, partitions: number): Topic {
    this.#byName.set(topic.name, topic)
    this.#byId.set(topic.id, topic)
    this.#fill(topic, partitions)
    return topic
  }

  #fill(topic: Topic, partitions: number): void {
    for (let index = topic.partitions.length; index < partitions; index++) {
      const log = new PartitionLog(`${topic.name}-${index}`, this.#storage)
      topic.partitions.push(new Partition({ topic, index, log, replicas: this.#replicas(topic, index) }))
    }
  }

  #open(topic: Topic, index: number, found: Map<string, string[]>): Partition {
    const name = `${topic.name}-${index}`
    const startOffset = this.#starts.get(name) ?? 0
    const log = openLog(name, this.#storage, {
      files: (found.get(name) ?? []).filter(isLogFile),
      startOffset,
      logger: this.#logger,
    })
    const partition = new Partition({ topic, index, log, replicas: this.#replicas(topic, index) })
    const last = log.epochs.latest()
    if (last > partition.leaderEpoch) partition.leaderEpoch = last
    return partition
  }

  #forget(topic: Topic): void {
    this.#byName.delete(topic.name)
    this.#byId.delete(topic.id)
    for (const { log } of topic.partitions) this.#starts.delete(log.name)
  }

  #replicas(topic: Topic, index: number): number[] {
    const first = index % this.#nodes.length
    const count = Math.min(topic.replicationFactor, this.#nodes.length)
    return Array.from({ length: count }, (_, i) => this.#nodes[(first + i) % this.#nodes.length] as number)
  }

  #configOf(config: Readonly<Record<string, string>>): TopicConfig {
    return new TopicConfig(this.#config, new Map(Object.entries(config)))
  }

  /** Random id; not one that begins with "-", which would look like an option on a command line. */
  #newId(): string {
    for (;;) {
      const bytes = this.#random.bytes(16)
      const id = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url')
      if (!id.startsWith('-') && !this.#byId.has(id)) return id
    }
  }
}

/** Why a topic cannot have this name, or undefined. */
export function checkTopicName(name: string): { error: number; reason: string } | undefined {
  const error = errorCode.INVALID_TOPIC_EXCEPTION
  if (name === '') return { error, reason: 'Topic name is invalid: the empty string is not allowed' }
  if (name === '.' || name === '..') return { error, reason: `Topic name is invalid: '${name}' is not allowed` }
  if (name.length > topicNameBytesMax) {
    return { error, reason: `Topic name is invalid: the length of '${name}' is longer than the max allowed length 249` }
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    const characters = "contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
    return { error, reason: `Topic name is invalid: '${name}' ${characters}` }
  }
  return undefined
}

function filesByFolder(names: readonly string[]): Map<string, string[]> {
  const folders = new Map<string, string[]>()
  for (const name of names) {
    const slash = name.lastIndexOf('/')
    if (slash < 0) continue
    const folder = name.slice(0, slash)
    const files = folders.get(folder)
    if (files) files.push(name)
    else folders.set(folder, [name])
  }
  return folders
}

/** True for a segment and what replacing segments may leave: `<topic>-<partition>/<offset>.log`. */
function isLogFile(name: string): boolean {
  return /^[a-zA-Z0-9._-]+-\d+\/\d{20}(\.\d{20})?\.(log|cleaned|swap)$/.test(name)
}
