/** Kafka requests by hand, over any transport: the same questions to the embedded broker and to a real one. */
import type { Transport, TransportChannel, TransportNode } from '@millrace/core/port'
import {
  type Api,
  createTopics,
  decodeReceivedResponse,
  encodeSentRequest,
  errorCode,
  fetch,
  type FetchResponse,
  findCoordinator,
  initProducerId,
  joinGroup,
  type JoinGroupResponse,
  type MessageInput,
  metadata,
  produce,
  RecordBatchBuilder,
  syncGroup,
} from '@millrace/protocol/internal'

/** Codes of a broker that is not ready yet; a question is asked again. */
const transient: readonly number[] = [
  errorCode.COORDINATOR_LOAD_IN_PROGRESS,
  errorCode.COORDINATOR_NOT_AVAILABLE,
  errorCode.NOT_COORDINATOR,
  errorCode.NOT_LEADER_OR_FOLLOWER,
  errorCode.CONCURRENT_TRANSACTIONS,
]

const encoder = new TextEncoder()
export const bytes = (text: string): Uint8Array => encoder.encode(text)

/** Batch of values with the keys `0`, `1`, … */
export function batchOf(
  values: readonly string[],
  options: Parameters<RecordBatchBuilder['build']>[0] = {},
  timestampMs: number = Date.now(),
): Uint8Array {
  const builder = new RecordBatchBuilder()
  for (const [i, value] of values.entries()) builder.append(bytes(String(i)), bytes(value), timestampMs + i)
  return builder.build(options)
}

/** Asks again while the code is one of a broker that is not ready. */
export async function settled<T>(ask: () => Promise<T>, codeOf: (answer: T) => number): Promise<T> {
  for (let round = 0; ; round++) {
    const answer = await ask()
    if (!transient.includes(codeOf(answer)) || round > 300) return answer
    await new Promise((resolve) => {
      setTimeout(resolve, 10)
    })
  }
}

export class RawClient implements AsyncDisposable {
  readonly #transport: Transport
  #channel: TransportChannel | undefined

  constructor(transport: Transport) {
    this.#transport = transport
  }

  async ask<Req, Res>(
    api: Api<Req, Res>,
    version: number,
    body: MessageInput<Req>,
    node: TransportNode = 'any',
  ): Promise<Res> {
    this.#channel ??= await this.#transport.open('admin')
    const sent = encodeSentRequest(api, version, body)
    return decodeReceivedResponse(api, version, await this.#channel.send(node, api.key, version, sent))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel?.close()
    await this.#transport.close()
  }

  /** A new topic with a name of its own; its name and id. */
  async topic(partitions: number = 1, configs: Record<string, string> = {}): Promise<{ name: string; id: string }> {
    const name = `t-${crypto.randomUUID()}`
    return this.topicNamed(name, partitions, configs)
  }

  async topicNamed(
    name: string,
    numPartitions: number = 1,
    configs: Record<string, string> = {},
  ): Promise<{ name: string; id: string }> {
    const pairs = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
    await this.ask(createTopics, 5, {
      topics: [{ name, numPartitions, replicationFactor: 1, configs: pairs }],
      timeoutMs: 5000,
    })
    const found = await settled(
      () => this.ask(metadata, 10, { topics: [{ name, topicId: zeroId }], allowAutoTopicCreation: false }),
      (answer) => (answer.topics[0]?.errorCode === 0 ? 0 : errorCode.NOT_LEADER_OR_FOLLOWER),
    )
    // Real brokers answer 6 for a moment after the topic is in the metadata.
    await settled(
      () => this.read(name, { version: 11, waitMs: 0 }),
      (answer) => answer.errorCode,
    )
    return { name, id: found.topics[0]?.topicId ?? '' }
  }

  /** Code and base offset of one produced batch. */
  async write(
    topic: string,
    records: Uint8Array,
    options: { version?: number; transactionalId?: string; topicId?: string; acks?: number } = {},
  ): Promise<{ errorCode: number; baseOffset: bigint }> {
    const { version = 9, transactionalId = null, acks = -1 } = options
    const answer = await this.ask(produce, version, {
      transactionalId,
      acks,
      timeoutMs: 5000,
      topicData: [{ name: topic, topicId: options.topicId ?? zeroId, partitionData: [{ index: 0, records }] }],
    })
    return answer.responses[0]?.partitionResponses[0] as { errorCode: number; baseOffset: bigint }
  }

  /** One partition of a fetch. */
  async read(
    topic: string,
    options: {
      version?: number
      offset?: number
      waitMs?: number
      bytesMax?: number
      committed?: boolean
      topicId?: string
      epoch?: number
    } = {},
  ): Promise<FetchResponse['responses'][number]['partitions'][number]> {
    const { version = 11, offset = 0, waitMs = 0, bytesMax = 1 << 20, committed = false } = options
    const answer = await this.ask(fetch, version, {
      maxWaitMs: waitMs,
      minBytes: 1,
      maxBytes: bytesMax,
      isolationLevel: committed ? 1 : 0,
      topics: [
        {
          topic,
          topicId: options.topicId ?? zeroId,
          partitions: [
            {
              partition: 0,
              fetchOffset: BigInt(offset),
              partitionMaxBytes: bytesMax,
              currentLeaderEpoch: options.epoch ?? -1,
            },
          ],
        },
      ],
    })
    return answer.responses[0]?.partitions[0] as FetchResponse['responses'][number]['partitions'][number]
  }

  /** Waits until the coordinator of a group (0) or transactional id (1) is there. */
  async coordinator(key: string, keyType: number): Promise<void> {
    await settled(
      () => this.ask(findCoordinator, 2, { key, keyType }),
      (answer) => answer.errorCode,
    )
  }

  /** Producer id and epoch of a transactional id, once the coordinator gives them. */
  async init(
    transactionalId: string,
    options: { version?: number; timeoutMs?: number; producerId?: bigint; producerEpoch?: number } = {},
  ): Promise<{ errorCode: number; producerId: bigint; producerEpoch: number }> {
    const { version = 3, timeoutMs = 60_000 } = options
    const expected =
      version >= 3 ? { producerId: options.producerId ?? -1n, producerEpoch: options.producerEpoch ?? -1 } : {}
    return settled(
      () => this.ask(initProducerId, version, { transactionalId, transactionTimeoutMs: timeoutMs, ...expected }),
      (answer) => answer.errorCode,
    )
  }

  async join(
    groupId: string,
    options: { memberId?: string; instanceId?: string; version?: number } = {},
  ): Promise<JoinGroupResponse> {
    return settled(
      () =>
        this.ask(joinGroup, options.version ?? 5, {
          groupId,
          sessionTimeoutMs: 10_000,
          rebalanceTimeoutMs: 10_000,
          memberId: options.memberId ?? '',
          groupInstanceId: options.instanceId ?? null,
          protocolType: 'consumer',
          protocols: [{ name: 'range', metadata: subscriptionTo('nothing') }],
        }),
      (answer) => answer.errorCode,
    )
  }

  /** A dynamic member that is alone in its group, in its first generation. */
  async soleMember(groupId: string): Promise<{ memberId: string; generationId: number }> {
    const { memberId } = await this.join(groupId)
    const { generationId } = await this.join(groupId, { memberId })
    const assignments = [{ memberId, assignment: bytes('') }]
    await this.ask(syncGroup, 3, { groupId, generationId, memberId, groupInstanceId: null, assignments })
    return { memberId, generationId }
  }
}

/** A consumer's subscription v0 to one topic. */
export function subscriptionTo(topic: string): Uint8Array {
  const name = bytes(topic)
  return Uint8Array.of(0, 0, 0, 0, 0, 1, name.length >>> 8, name.length & 255, ...name, 255, 255, 255, 255)
}

export const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA'
