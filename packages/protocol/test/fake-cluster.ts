/**
 * Three brokers in a few lines, for tests that need to choose what goes wrong: leaders that move, answers that are lost,
 * codes that are forced. Keeps logs with Kafka's rules for idempotent producers (five batches remembered per producer).
 */
import { RetriableError } from '@millrace/core'
import type { BrokerAddress, SendOptions, TransportChannel, TransportNode } from '@millrace/core/port'
import {
  type Api,
  apiByKey,
  apis,
  BatchHeader,
  decodeReceivedRequest,
  encodeSentResponse,
  errorCode,
  type FetchRequest,
  type ListOffsetsRequest,
  type MetadataRequest,
  type ProduceRequest,
  stampBatch,
} from '@millrace/protocol/internal'
import type { VirtualTime } from './virtual-time.ts'

export interface FakePartition {
  leader: number
  epoch: number
  startOffset: number
  /** Whole batches, stamped with their offsets. */
  readonly batches: Uint8Array[]
  nextOffset: number
  readonly producers: Map<string, { epoch: number; last: { first: number; last: number; offset: number }[] }>
}

/** A request as a fault sees it. */
export interface FakeRequest {
  readonly node: number
  readonly api: string
  readonly version: number
  readonly body: never
}

/** What goes wrong: the request never arrives, its answer is lost, or the answer is another one. */
export type Fault = 'lost-request' | 'lost-answer' | { readonly answer: object } | null

export class FakeCluster implements TransportChannel {
  readonly topics = new Map<string, { id: string; partitions: FakePartition[] }>()
  readonly requests: FakeRequest[] = []
  /** Versions offered instead of all that the codec knows: api name → highest. */
  readonly maxVersions = new Map<string, number>()
  readonly features = new Map<string, number>()
  fault: (request: FakeRequest) => Fault = () => null
  /** Answers to APIs that the fake does not know. */
  readonly handlers = new Map<string, (body: never, node: number) => object>()
  latencyMs: () => number = () => 1
  /** Code for a batch, 0 to append it. */
  judgeBatch: (topic: string, partition: number, header: BatchHeader) => number = () => 0
  #nextProducerId = 1000n
  readonly #time: VirtualTime
  readonly #line = new Map<string, Promise<unknown>>()
  readonly nodes = [1, 2, 3]

  constructor(time: VirtualTime) {
    this.#time = time
  }

  addTopic(name: string, partitions: number, id = `${name}0000000000000000000000`.slice(0, 21) + 'A'): void {
    const make = (_: unknown, i: number): FakePartition => ({
      leader: this.nodes[i % this.nodes.length]!,
      epoch: 0,
      startOffset: 0,
      batches: [],
      nextOffset: 0,
      producers: new Map(),
    })
    this.topics.set(name, { id, partitions: Array.from({ length: partitions }, make) })
  }

  partition(topic: string, partition: number): FakePartition {
    return this.topics.get(topic)!.partitions[partition]!
  }

  moveLeader(topic: string, partition: number, to: number): void {
    const found = this.partition(topic, partition)
    found.leader = to
    found.epoch++
  }

  /** Appends a batch as a leader does. */
  append(topic: string, partition: number, batch: Uint8Array): void {
    const log = this.partition(topic, partition)
    const copy = batch.slice()
    stampBatch(copy, log.nextOffset, log.epoch)
    log.batches.push(copy)
    log.nextOffset = new BatchHeader(copy, 0).lastOffset + 1
  }

  async send(
    node: TransportNode,
    apiKey: number,
    version: number,
    body: Uint8Array,
    _options?: SendOptions,
  ): Promise<Uint8Array> {
    const at = node === 'any' ? this.nodes[0]! : node
    const api = apiByKey(apiKey)!
    const line = `${at}/${apiKey === 1 ? 'fetch' : 'rest'}`
    const before = this.#line.get(line) ?? Promise.resolve()
    const answer = before.then(async () => this.#serve(api, { node: at, api: api.name, version }, body))
    this.#line.set(
      line,
      answer.catch(() => undefined),
    )
    return answer
  }

  learn(_brokers: readonly BrokerAddress[]): void {}

  async close(): Promise<void> {}

  async #serve(api: Api<object, object>, at: Omit<FakeRequest, 'body'>, bytes: Uint8Array): Promise<Uint8Array> {
    const body = decodeReceivedRequest(api, at.version, bytes)
    const request: FakeRequest = { ...at, body: body as never }
    this.requests.push(request)
    const fault = this.fault(request)
    await this.#time.sleep(this.latencyMs())
    if (fault === 'lost-request') throw this.#lost(at.node)
    const answer = fault !== null && typeof fault === 'object' ? fault.answer : this.#answer(api.name, body, at)
    await this.#time.sleep(this.latencyMs())
    if (fault === 'lost-answer') throw this.#lost(at.node)
    return encodeSentResponse(api, at.version, answer)
  }

  #lost(node: number): RetriableError {
    return new RetriableError('MR_TRANSPORT_DISCONNECTED', { broker: `broker ${node}`, reason: 'the test says so' })
  }

  #answer(name: string, body: object, { node, version }: { readonly node: number; readonly version: number }): object {
    const handler = this.handlers.get(name)
    if (handler !== undefined) return handler(body as never, node)
    switch (name) {
      case 'ApiVersions':
        return this.#versions()
      case 'Metadata':
        return this.#metadata(body as MetadataRequest)
      case 'InitProducerId':
        return { producerId: this.#nextProducerId++, producerEpoch: 0 }
      case 'Produce':
        return this.#produce(body as ProduceRequest, node)
      case 'Fetch':
        return this.#fetch(body as FetchRequest, node, version)
      case 'ListOffsets':
        return this.#listOffsets(body as ListOffsetsRequest, node)
      default:
        throw new Error(`the fake cluster has no ${name}`)
    }
  }

  #versions(): object {
    const apiKeys = apis.map(({ key, name, minVersion, maxVersion }) => ({
      apiKey: key,
      minVersion,
      maxVersion: Math.min(maxVersion, this.maxVersions.get(name) ?? maxVersion),
    }))
    const finalizedFeatures = [...this.features].map(([name, level]) => ({
      name,
      maxVersionLevel: level,
      minVersionLevel: level,
    }))
    return { apiKeys, finalizedFeatures, finalizedFeaturesEpoch: 1n }
  }

  #metadata(body: MetadataRequest): object {
    const names = body.topics === null ? [...this.topics.keys()] : body.topics.map((topic) => topic.name ?? '')
    return {
      brokers: this.nodes.map((nodeId) => ({ nodeId, host: 'localhost', port: 9000 + nodeId })),
      controllerId: this.nodes[0],
      clusterId: 'fake',
      topics: names.map((name) => {
        const topic = this.topics.get(name)
        if (topic === undefined) return { name, errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION }
        const partitions = topic.partitions.map(({ leader, epoch }, partitionIndex) => ({
          partitionIndex,
          leaderId: leader,
          leaderEpoch: epoch,
          errorCode: leader < 0 ? errorCode.LEADER_NOT_AVAILABLE : 0,
        }))
        return { name, topicId: topic.id, partitions }
      }),
    }
  }

  #produce(body: ProduceRequest, node: number): object {
    const responses = body.topicData.map(({ name, partitionData }) => ({
      name,
      partitionResponses: partitionData.map(({ index, records }) => {
        const log = this.topics.get(name)?.partitions[index]
        if (log === undefined || log.leader !== node) {
          return { index, errorCode: errorCode.NOT_LEADER_OR_FOLLOWER, baseOffset: -1n }
        }
        const header = new BatchHeader(records!, 0)
        const forced = this.judgeBatch(name, index, header)
        if (forced !== 0) return { index, errorCode: forced, baseOffset: -1n }
        const { code, baseOffset } = this.#admit(log, header)
        if (code === 0 && baseOffset < 0) {
          const offset = log.nextOffset
          this.append(name, index, records!)
          this.#remember(log, header, offset)
          return { index, errorCode: 0, baseOffset: BigInt(offset) }
        }
        return { index, errorCode: code, baseOffset: BigInt(baseOffset) }
      }),
    }))
    return { responses }
  }

  /** Code 0 with an offset ≥ 0: a repetition; with −1: append it. */
  #admit(log: FakePartition, header: BatchHeader): { code: number; baseOffset: number } {
    if (header.producerId < 0n) return { code: 0, baseOffset: -1 }
    const known = log.producers.get(String(header.producerId))
    if (known === undefined) return { code: 0, baseOffset: -1 }
    if (header.producerEpoch < known.epoch) return { code: errorCode.INVALID_PRODUCER_EPOCH, baseOffset: -1 }
    if (header.producerEpoch > known.epoch) {
      return { code: header.baseSequence === 0 ? 0 : errorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, baseOffset: -1 }
    }
    const same = known.last.find((one) => one.first === header.baseSequence && one.last === header.lastSequence)
    if (same !== undefined) return { code: 0, baseOffset: same.offset }
    const expected = (known.last.at(-1)!.last + 1) % 0x8000_0000
    return { code: header.baseSequence === expected ? 0 : errorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, baseOffset: -1 }
  }

  #remember(log: FakePartition, header: BatchHeader, offset: number): void {
    const key = String(header.producerId)
    const known = log.producers.get(key)
    const last = known?.epoch === header.producerEpoch ? known.last : []
    last.push({ first: header.baseSequence, last: header.lastSequence, offset })
    log.producers.set(key, { epoch: header.producerEpoch, last: last.slice(-5) })
  }

  #fetch(body: FetchRequest, node: number, version: number): object {
    const responses = body.topics.map(({ topic, topicId, partitions }) => {
      const name = version >= 13 ? [...this.topics].find(([, { id }]) => id === topicId)?.[0] : topic
      return {
        topic: version >= 13 ? '' : topic,
        topicId,
        partitions: partitions.map((asked) => {
          const partitionIndex = asked.partition
          const log = name === undefined ? undefined : this.topics.get(name)?.partitions[partitionIndex]
          const failed = (code: number): object => ({
            partitionIndex,
            errorCode: code,
            highWatermark: -1n,
            records: null,
          })
          if (log === undefined)
            return failed(version >= 13 ? errorCode.UNKNOWN_TOPIC_ID : errorCode.UNKNOWN_TOPIC_OR_PARTITION)
          if (asked.currentLeaderEpoch >= 0 && asked.currentLeaderEpoch < log.epoch)
            return failed(errorCode.FENCED_LEADER_EPOCH)
          if (asked.currentLeaderEpoch > log.epoch) return failed(errorCode.UNKNOWN_LEADER_EPOCH)
          if (log.leader !== node) return failed(errorCode.NOT_LEADER_OR_FOLLOWER)
          const from = Number(asked.fetchOffset)
          if (from < log.startOffset || from > log.nextOffset) return failed(errorCode.OFFSET_OUT_OF_RANGE)
          const batches = log.batches.filter((batch) => new BatchHeader(batch, 0).lastOffset >= from)
          return {
            partitionIndex,
            highWatermark: BigInt(log.nextOffset),
            lastStableOffset: BigInt(log.nextOffset),
            logStartOffset: BigInt(log.startOffset),
            abortedTransactions: [],
            records: Buffer.concat(batches),
          }
        }),
      }
    })
    return { responses }
  }

  #listOffsets(body: ListOffsetsRequest, node: number): object {
    return {
      topics: body.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, timestamp }) => {
          const log = this.partition(name, partitionIndex)
          if (log.leader !== node) return { partitionIndex, errorCode: errorCode.NOT_LEADER_OR_FOLLOWER }
          return {
            partitionIndex,
            offset: BigInt(timestamp === -2n ? log.startOffset : log.nextOffset),
            timestamp: -1n,
          }
        }),
      })),
    }
  }
}
