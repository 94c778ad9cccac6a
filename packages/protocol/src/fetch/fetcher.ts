/**
 * Reads assigned partitions ahead of their reader.
 *
 * One fetch per broker is always under way for every partition that has room; answers are buffered as bytes and decoded
 * when `poll` hands them over, so that the next answer travels while the last one is processed. Flow control is by
 * bytes: a partition with a full buffer is left out until it was drained. A paused partition is buffered, not handed
 * over. Nothing here happens per record.
 *
 * Group membership is elsewhere: somebody tells the fetcher what to read and from where.
 */
import { FatalError, formatTopicPartition, RetriableError, type TopicPartition } from '@millrace/core'
import type { Cancellable } from '@millrace/core/port'
import type { Cluster } from '../cluster/cluster.ts'
import { groupBy } from '../cluster/grouping.ts'
import { responseError } from '../cluster/response-error.ts'
import { monotonicMs } from '../cluster/surroundings.ts'
import { errorCode } from '../codec/error-code.ts'
import { type AnsweredPartition, type AskedPartition, fetchOnce, type FetchLimits } from './fetch-request.ts'
import type { Isolation, OffsetPlace } from './list-offsets.ts'
import { type FetchedPartition, PartitionBuffer } from './partition-buffer.ts'
import { isReplaced, judgeTopic, leaderToAsk, leaderUnknown } from './partition-leader.ts'
import { resetPositions } from './position-reset.ts'

/** Limits of a fetcher; all have defaults. */
export interface FetcherOptions {
  /** Default `read_uncommitted`. */
  readonly isolation?: Isolation
  /** How long a broker may hold a fetch that finds nothing, ms; default 500. */
  readonly maxWaitMs?: number
  /** Default 1. */
  readonly minBytes?: number
  /** For one answer; default 16 MiB. */
  readonly maxBytes?: number
  /** For one partition in one answer; default 1 MiB. */
  readonly partitionMaxBytes?: number
  /** A partition is not fetched while it has this much buffered; default 1 MiB. */
  readonly partitionBufferedBytesMax?: number
  /** Nothing is fetched while this much is buffered in all; default 64 MiB. */
  readonly bufferedBytesMax?: number
  /** One `poll` stops adding partitions at this size; default 8 MiB. */
  readonly pollBytesMax?: number
  /** How long a topic may be missing before that is an error, ms; default 10 000. */
  readonly missingMs?: number
  /**
   * Where to go on when the offset to read does not exist; null: `poll` throws MR_PROTOCOL_OFFSET_RANGE (default).
   * Called once per occurrence, after everything before the gap was handed over; what it throws comes out of `poll`.
   */
  readonly onOutOfRange?: (topic: string, partition: number, offset: number) => OffsetPlace | null
}

/** A partition to read and where to begin. */
export interface FetchAssignment extends TopicPartition {
  readonly offset: number | OffsetPlace
}

/** Wait of a fetch while some partition of the broker has no room: it must not wait long behind the others. */
const heldBackWaitMs = 20
const missingMsDefault = 10_000

export class Fetcher implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #options: FetcherOptions
  readonly #limits: FetchLimits
  readonly #buffers = new Map<string, PartitionBuffer>()
  readonly #inFlight = new Set<number>()
  readonly #closed = new AbortController()
  #bufferedBytes = 0
  #refreshing = false
  #failure: Error | null = null
  #woken = false
  #poller: (() => void) | null = null
  #turn = 0

  /** @param cluster of a role of its own; the caller closes it */
  constructor(cluster: Cluster, options: FetcherOptions = {}) {
    this.#cluster = cluster
    this.#options = options
    this.#limits = {
      maxWaitMs: options.maxWaitMs ?? 500,
      minBytes: options.minBytes ?? 1,
      maxBytes: options.maxBytes ?? 16 * 1024 * 1024,
      partitionMaxBytes: options.partitionMaxBytes ?? 1024 * 1024,
      isolated: options.isolation === 'read_committed',
    }
  }

  /** Bytes fetched and not handed over yet. */
  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** What is read now. */
  assignment(): TopicPartition[] {
    return [...this.#buffers.values()].map(({ topic, partition }) => ({ topic, partition }))
  }

  /** Begins to read partitions; one that is assigned already jumps to the given offset. */
  assign(partitions: readonly FetchAssignment[]): void {
    for (const { topic, partition, offset } of partitions) {
      const name = formatTopicPartition(topic, partition)
      let buffer = this.#buffers.get(name)
      if (buffer === undefined) {
        buffer = new PartitionBuffer(topic, partition)
        this.#buffers.set(name, buffer)
      }
      this.#bufferedBytes -= buffer.jump(offset)
    }
    this.#cluster.metadata.track(partitions.map(({ topic }) => topic))
    this.#pump()
  }

  /** Stops reading partitions and drops what is buffered of them. */
  unassign(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const name = formatTopicPartition(topic, partition)
      const buffer = this.#buffers.get(name)
      if (buffer === undefined) continue
      this.#bufferedBytes -= buffer.drop()
      this.#buffers.delete(name)
    }
    const still = new Set([...this.#buffers.values()].map(({ topic }) => topic))
    this.#cluster.metadata.untrack(partitions.map(({ topic }) => topic).filter((topic) => !still.has(topic)))
    this.#pump()
  }

  /** Goes to another offset; what is buffered is dropped. Ignored for a partition that is not assigned. */
  seek(topic: string, partition: number, offset: number | OffsetPlace): void {
    const buffer = this.#buffers.get(formatTopicPartition(topic, partition))
    if (buffer === undefined) return
    this.#bufferedBytes -= buffer.jump(offset)
    this.#pump()
  }

  /** Next offset that `poll` hands over; −1 while it is being looked up, undefined when not assigned. */
  position(topic: string, partition: number): number | undefined {
    return this.#buffers.get(formatTopicPartition(topic, partition))?.position
  }

  /** State of an assigned partition as of its last answer; for lags and metrics. */
  status(topic: string, partition: number): Readonly<PartitionBuffer> | undefined {
    return this.#buffers.get(formatTopicPartition(topic, partition))
  }

  /** Hands over nothing more of these partitions; reading ahead goes on until their buffers are full. */
  pause(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) {
      const buffer = this.#buffers.get(formatTopicPartition(one.topic, one.partition))
      if (buffer !== undefined) buffer.paused = true
    }
  }

  /** Takes back `pause`. */
  resume(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) {
      const buffer = this.#buffers.get(formatTopicPartition(one.topic, one.partition))
      if (buffer !== undefined) buffer.paused = false
    }
    this.#pump()
    if (this.#hasData()) this.#notify()
  }

  /**
   * What was fetched, at most one answer per partition; waits up to `timeoutMs` for the first one. Empty after the
   * timeout or `wakeup`. Never call it concurrently.
   *
   * @throws {MR_PROTOCOL_TOPIC_MISSING} {MR_PROTOCOL_TOPIC_REPLACED} {MR_PROTOCOL_OFFSET_RANGE}
   *   {MR_PROTOCOL_AUTHORIZATION} (FatalError) of one partition, again at each call until it is unassigned or sought
   * @throws {MR_PROTOCOL_CRC} {MR_PROTOCOL_BATCH} (RetriableError) data that stays damaged when fetched again
   * @throws {MR_PROTOCOL_COMPRESSION} (FatalError) a codec that is not installed
   */
  async poll(timeoutMs: number): Promise<FetchedPartition[]> {
    this.#pump()
    if (timeoutMs > 0 && !this.#hasData() && !this.#woken && this.#failure === null) await this.#wait(timeoutMs)
    this.#woken = false
    if (this.#failure !== null) throw this.#failure
    const taken = this.#take()
    this.#pump()
    return taken
  }

  /** Makes the current `poll`, or else the next, return at once. */
  wakeup(): void {
    this.#woken = true
    this.#notify()
  }

  /** Ends reading; a waiting `poll` returns. The cluster stays open. */
  async close(): Promise<void> {
    this.#closed.abort()
    this.#buffers.clear()
    this.#bufferedBytes = 0
    this.#notify()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  // ── handing over ───────────────────────────────────────────────────────────────────────────────────────────────

  #hasData(): boolean {
    for (const buffer of this.#buffers.values()) {
      if (buffer.error !== null || (!buffer.paused && !buffer.isEmpty)) return true
    }
    return false
  }

  /** Each `poll` begins with another partition, so that none waits for ever behind `pollBytesMax`. */
  #take(): FetchedPartition[] {
    const all = [...this.#buffers.values()]
    const bytesMax = this.#options.pollBytesMax ?? 8 * 1024 * 1024
    const taken: FetchedPartition[] = []
    const start = all.length === 0 ? 0 : this.#turn++ % all.length
    for (let i = 0, bytes = 0; i < all.length && bytes < bytesMax; i++) {
      const buffer = all[(start + i) % all.length]!
      if (buffer.error !== null && taken.length === 0) throw buffer.error
      if (buffer.paused || buffer.isEmpty) continue
      const before = buffer.bufferedBytes
      const part = buffer.take()
      this.#bufferedBytes -= before - buffer.bufferedBytes
      if (part === null) continue
      bytes += part.bytes
      taken.push(part)
    }
    return taken
  }

  async #wait(timeoutMs: number): Promise<void> {
    const { timers } = this.#cluster.around
    let timer: Cancellable | undefined
    await new Promise<void>((resolve) => {
      this.#poller = resolve
      timer = timers.after(timeoutMs, resolve)
    })
    this.#poller = null
    timer?.cancel()
  }

  #notify(): void {
    this.#poller?.()
  }

  // ── asking ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Starts whatever is due: fetches, resets, a metadata refresh. Cheap; called whenever something changed. */
  #pump(): void {
    if (this.#closed.signal.aborted || this.#failure !== null || this.#buffers.size === 0) return
    const perLeader = new Map<number, AskedPartition[]>()
    const heldBack = new Set<number>()
    const isFull = this.#bufferedBytes >= (this.#options.bufferedBytesMax ?? 64 * 1024 * 1024)
    let needsMetadata = this.#cluster.metadata.isOld()
    for (const buffer of this.#buffers.values()) {
      if (buffer.outOfRange && buffer.isEmpty) this.#decideOutOfRange(buffer)
      const leader = leaderToAsk(this.#cluster.metadata, buffer)
      if (leader === leaderUnknown) needsMetadata = true
      if (leader < 0 || this.#inFlight.has(leader)) continue
      if (isFull || buffer.bufferedBytes >= (this.#options.partitionBufferedBytesMax ?? 1024 * 1024)) {
        heldBack.add(leader)
        continue
      }
      const asked = { buffer, round: buffer.round, offset: buffer.fetchOffset }
      const list = perLeader.get(leader)
      if (list === undefined) perLeader.set(leader, [asked])
      else list.push(asked)
    }
    this.#startResets()
    if (needsMetadata) void this.#refresh()
    for (const [leader, asked] of perLeader) void this.#fetchFrom(leader, asked, heldBack.has(leader))
    if (this.#poller !== null && this.#hasData()) this.#notify()
  }

  async #fetchFrom(leader: number, asked: AskedPartition[], isHeldBack: boolean): Promise<void> {
    this.#inFlight.add(leader)
    // Brokers fill an answer in the order of the request: begin with another partition each time.
    const start = this.#turn % asked.length
    const turned = [...asked.slice(start), ...asked.slice(0, start)]
    const limits = isHeldBack
      ? { ...this.#limits, maxWaitMs: Math.min(heldBackWaitMs, this.#limits.maxWaitMs) }
      : this.#limits
    try {
      const answer = await fetchOnce(this.#cluster, leader, { asked: turned, limits })
      if (this.#closed.signal.aborted) return
      if (answer.errorCode !== 0) {
        const error = responseError(answer.errorCode, { api: 'Fetch', what: `broker ${leader}` })
        if (!(error instanceof RetriableError)) throw error
        this.#setStale(asked, error)
      }
      for (const one of answer.partitions) this.#onAnswer(one)
    } catch (error) {
      if (this.#closed.signal.aborted) return
      if (error instanceof RetriableError) this.#setStale(asked, error)
      else this.#failure = error as Error
    } finally {
      this.#inFlight.delete(leader)
    }
    this.#pump()
    if (this.#failure !== null || this.#hasData()) this.#notify()
  }

  #onAnswer({ asked, answer }: AnsweredPartition): void {
    const { buffer, round, offset } = asked
    if (buffer.round !== round || buffer.fetchOffset !== offset) return
    const { errorCode: code } = answer
    if (code === 0) {
      const before = buffer.bufferedBytes
      buffer.accept(answer, this.#limits.isolated)
      this.#bufferedBytes += buffer.bufferedBytes - before
    } else if (code === errorCode.OFFSET_OUT_OF_RANGE) buffer.outOfRange = true
    else {
      const { topic, partition } = buffer
      const error = responseError(code, { api: 'Fetch', what: formatTopicPartition(topic, partition), topic })
      if (error instanceof RetriableError) this.#setStale([asked], error)
      else buffer.error = error
    }
  }

  #decideOutOfRange(buffer: PartitionBuffer): void {
    const { topic, partition, position: offset } = buffer
    if (isReplaced(this.#cluster.metadata, buffer)) {
      buffer.error = new FatalError('MR_PROTOCOL_TOPIC_REPLACED', { topic })
      return
    }
    try {
      const place = this.#options.onOutOfRange?.(topic, partition, offset) ?? null
      if (place !== null) buffer.jump(place)
      else buffer.error = new FatalError('MR_PROTOCOL_OFFSET_RANGE', { topic, partition, offset })
    } catch (error) {
      buffer.error = error as Error
    }
  }

  // ── finding the way again ──────────────────────────────────────────────────────────────────────────────────────

  /** These partitions wait for a metadata refresh (which waits a little first); the others go on. */
  #setStale(asked: readonly AskedPartition[], reason: Error): void {
    for (const { buffer } of asked) buffer.isStale = true
    this.#cluster.around.logger.debug('fetch is tried again', { reason: reason.message, partitions: asked.length })
    void this.#refresh()
  }

  async #refresh(): Promise<void> {
    if (this.#refreshing) return
    this.#refreshing = true
    const waiting = [...this.#buffers.values()].filter((buffer) => buffer.isStale)
    try {
      await this.#cluster.metadata.refreshSoon()
    } catch (error) {
      this.#failure = error as Error
    }
    this.#refreshing = false
    for (const buffer of waiting) buffer.isStale = false
    const at = {
      nowMs: monotonicMs(this.#cluster.around.clock),
      missingMs: this.#options.missingMs ?? missingMsDefault,
    }
    for (const buffer of this.#buffers.values()) judgeTopic(this.#cluster.metadata, buffer, at)
    if (this.#failure !== null) this.#notify()
    this.#pump()
    if ([...this.#buffers.values()].some((buffer) => buffer.isStale)) void this.#refresh()
  }

  #startResets(): void {
    const due = [...this.#buffers.values()].filter(
      (one) => one.place !== null && !one.isResetting && one.error === null,
    )
    for (const list of groupBy(due, ({ topic }) => topic).values()) void this.#reset(list)
  }

  async #reset(buffers: readonly PartitionBuffer[]): Promise<void> {
    const { isolation = 'read_uncommitted', missingMs = missingMsDefault } = this.#options
    try {
      await resetPositions(this.#cluster, buffers, { isolation, missingMs, signal: this.#closed.signal })
    } catch (error) {
      this.#failure = error as Error
      this.#notify()
    }
    this.#pump()
  }
}
