/** InitProducerId: a producer id and epoch, fresh or as the successor of earlier producers of a transactional id. */
import type { StreamsError } from '@millrace/core'
import type { Cluster } from '../cluster/cluster.ts'
import { assertNoError, responseError } from '../cluster/response-error.ts'
import { retry } from '../cluster/retry.ts'
import { initProducerId } from '../codec/apis.ts'
import { noIdentity, type ProducerIdentity } from './producer-batch.ts'

/** Whose id, and for how long to try. */
export interface ProducerIdOptions {
  readonly timeoutMs: number
  /** The coordinator aborts transactions that are open for longer; only with a transactional id. */
  readonly transactionTimeoutMs?: number
  /** Own id and epoch, to have the epoch raised without fencing a newer producer (KIP-360). */
  readonly current?: ProducerIdentity
  /** Turns a code into an error; default `responseError`. */
  readonly errorOf?: (code: number) => StreamsError
}

/**
 * Asks any broker (no transactional id) or the transaction coordinator.
 *
 * With a transactional id every earlier transaction of that id is decided when this resolves: open ones are aborted,
 * prepared ones completed; until then the coordinator answers CONCURRENT_TRANSACTIONS and is asked again.
 *
 * @throws {MR_PROTOCOL_AUTHORIZATION} {MR_PROTOCOL_RESPONSE} {MR_PROTOCOL_DEADLINE}
 */
export async function requestProducerId(
  cluster: Cluster,
  transactionalId: string | null,
  options: ProducerIdOptions,
): Promise<ProducerIdentity> {
  const { timeoutMs, transactionTimeoutMs = 0x7fff_ffff, current = noIdentity } = options
  const body = { transactionalId, transactionTimeoutMs, ...current }
  if (transactionalId === null) {
    return retry(cluster.around, { what: 'InitProducerId', timeoutMs }, async () => {
      const { errorCode, producerId, producerEpoch } = await cluster.call('any', initProducerId, body)
      assertNoError(errorCode, { api: 'InitProducerId', what: 'an idempotent producer' })
      return { producerId, producerEpoch }
    })
  }
  const response = await cluster.coordinators.call({
    kind: 'transaction',
    key: transactionalId,
    api: initProducerId,
    body,
    codeOf: (sent) => sent.errorCode,
    timeoutMs,
  })
  const { errorCode, producerId, producerEpoch } = response
  if (errorCode !== 0) {
    const context = { api: 'InitProducerId', what: `transactional id "${transactionalId}"` }
    throw options.errorOf?.(errorCode) ?? responseError(errorCode, context)
  }
  return { producerId, producerEpoch }
}
