/**
 * Which broker coordinates a group or a transactional id, looked up once and forgotten when it turns out wrong.
 *
 * `call` is the loop that every group and transaction request needs: find the coordinator, ask, and on 14, 15, 16 or a
 * lost connection look it up again. On a new cluster the first lookup creates an internal topic and is answered 15 for
 * some 50–100 ms, so the waits begin short.
 */
import { RetriableError } from '@millrace/core'
import type { TransportChannel } from '@millrace/core/port'
import type { Api } from '../codec/api.ts'
import { findCoordinator, type FindCoordinatorResponse } from '../codec/apis.ts'
import { errorCode, isRetriableCode } from '../codec/error-code.ts'
import type { BrokerCaller, RequestBody } from './caller.ts'
import type { MetadataCache } from './metadata-cache.ts'
import { assertNoError, isCoordinatorCode, responseError } from './response-error.ts'
import { retry } from './retry.ts'
import { monotonicMs } from './surroundings.ts'

/** What is coordinated. */
export type CoordinatorKind = 'group' | 'transaction'

/** A request to a coordinator. */
export interface CoordinatorCall<Req, Res> {
  readonly kind: CoordinatorKind
  /** Group id or transactional id. */
  readonly key: string
  readonly api: Api<Req, Res>
  readonly body: RequestBody<Req>
  /** The code that decides, of a response that may have many. */
  readonly codeOf: (response: Res) => number
  /** For the whole loop, ms. */
  readonly timeoutMs: number
  /** For one answer, ms; default the cluster's request timeout. */
  readonly requestTimeoutMs?: number
  readonly cap?: number | undefined
  /** Codes that are handed back although Kafka calls them retriable. */
  readonly handBack?: ReadonlySet<number>
  /**
   * False when a lost answer must not lead to a second request: the transport's error is then thrown as the `cause` of
   * an `UnknownOutcome`.
   */
  readonly resend?: boolean
  /** A request was lost, perhaps after it was carried out; it is sent again unless `resend` is false. */
  readonly onLost?: () => void
  /** Asked directly before each request; what it returns is thrown instead of sending. */
  readonly fence?: () => Error | null
  readonly signal?: AbortSignal | undefined
}

/** A request may or may not have been carried out; only from calls with `resend: false`. */
export class UnknownOutcome extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause })
    this.name = 'UnknownOutcome'
  }
}

/** CONCURRENT_TRANSACTIONS passes as soon as the markers are written: wait 20 ms, not a backoff (KAFKA-5477). */
const concurrentTransactionsMs = 20

export class Coordinators {
  readonly #caller: BrokerCaller
  readonly #channel: TransportChannel
  readonly #metadata: MetadataCache
  readonly #found = new Map<string, Promise<number>>()

  constructor(caller: BrokerCaller, channel: TransportChannel, metadata: MetadataCache) {
    this.#caller = caller
    this.#channel = channel
    this.#metadata = metadata
  }

  /**
   * Node id of the coordinator; one lookup, shared by concurrent callers.
   *
   * @throws {MR_PROTOCOL_AUTHORIZATION} {MR_PROTOCOL_RESPONSE} and what the transport throws
   */
  async find(kind: CoordinatorKind, key: string): Promise<number> {
    const name = `${kind} ${key}`
    let found = this.#found.get(name)
    if (found === undefined) {
      found = this.#ask(kind, key)
      this.#found.set(name, found)
      void found.catch(() => this.#found.delete(name))
    }
    return found
  }

  /** The next `find` asks again. */
  forget(kind: CoordinatorKind, key: string): void {
    this.#found.delete(`${kind} ${key}`)
  }

  /**
   * Sends a request to the coordinator until it is answered with a code that is not retriable.
   *
   * Resolves with the response whatever its code is then; the caller judges codes that are not 0.
   *
   * @throws {MR_PROTOCOL_DEADLINE} (RetriableError) no such answer within `timeoutMs`
   */
  async call<Req extends object, Res extends object>(request: CoordinatorCall<Req, Res>): Promise<Res> {
    const { api, kind, key, timeoutMs, signal } = request
    const what = `${api.name} of ${kind} "${key}"`
    const options = { what, timeoutMs, ...(signal === undefined ? {} : { signal }) }
    return retry(this.#caller.around, options, async (leftMs) => {
      const response = await this.#once(request, leftMs)
      const code = request.codeOf(response)
      if (isCoordinatorCode(code)) this.forget(kind, key)
      if (code !== 0 && isRetriableCode(code) && request.handBack?.has(code) !== true) {
        throw responseError(code, { api: api.name, what: `${kind} "${key}"` })
      }
      return response
    })
  }

  async #once<Req extends object, Res extends object>(
    request: CoordinatorCall<Req, Res>,
    leftMs: number,
  ): Promise<Res> {
    const { kind, key, api, body, cap, codeOf } = request
    const { clock, timers } = this.#caller.around
    const until = monotonicMs(clock) + leftMs
    for (;;) {
      const node = await this.find(kind, key)
      const refusal = request.fence?.() ?? null
      if (refusal !== null) throw refusal
      let response: Res
      try {
        const timeoutMs = Math.min(request.requestTimeoutMs ?? this.#caller.requestTimeoutMs, Math.ceil(leftMs))
        response = await this.#caller.call(node, api, body, { timeoutMs, cap })
      } catch (error) {
        this.forget(kind, key)
        if (error instanceof RetriableError) {
          request.onLost?.()
          if (request.resend === false) throw new UnknownOutcome(error)
        }
        throw error
      }
      const waits = codeOf(response) === errorCode.CONCURRENT_TRANSACTIONS
      if (!waits || monotonicMs(clock) + concurrentTransactionsMs >= until) return response
      await timers.sleep(concurrentTransactionsMs, request.signal)
      if (request.signal?.aborted === true) return response
    }
  }

  async #ask(kind: CoordinatorKind, key: string): Promise<number> {
    const keyType = kind === 'group' ? 0 : 1
    const response = await this.#caller.call('any', findCoordinator, (version) =>
      version >= firstWithSeveralKeys ? { keyType, coordinatorKeys: [key] } : { keyType, key },
    )
    const { nodeId, host, port, code, message } = coordinatorOf(response)
    assertNoError(code, { api: 'FindCoordinator', what: `${kind} "${key}"`, message })
    const known = this.#metadata.brokers
    if (!known.some((broker) => broker.nodeId === nodeId)) {
      this.#channel.learn([...known, { nodeId, host, port, rack: null }])
    }
    return nodeId
  }
}

const firstWithSeveralKeys = 4

interface FoundCoordinator {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly code: number
  readonly message: string | null
}

function coordinatorOf(response: FindCoordinatorResponse): FoundCoordinator {
  const found = response.coordinators[0] ?? response
  return {
    nodeId: found.nodeId,
    host: found.host,
    port: found.port,
    code: found.errorCode,
    message: found.errorMessage,
  }
}
