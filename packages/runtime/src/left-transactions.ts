/**
 * Transactional ids of workers, and the end of transactions that nobody would end before their timeout.
 *
 * A worker ends what its predecessor of the same number left open when it takes over the transactional id. After a restart
 * with fewer workers some numbers have no worker; their transactions are ended here, before the first worker starts, so
 * that two never have one id at the same time.
 */
import { type Cluster, TransactionalProducer } from '@millrace/protocol'
import type { ResolvedOptions } from './options.ts'
import type { KeptProcess } from './process-id.ts'

/** The same after a restart. @param index number of the worker in its process, from 0 */
export function transactionalIdOf(applicationId: string, processId: string, index: number): string {
  return `${applicationId}-${processId}-${index}`
}

/**
 * Ends the transactions of all numbers from `options.workers` up to what is remembered, then remembers `options.workers`.
 * What cannot be ended within the request timeout is warned of, remembered, and left to the transaction's own timeout.
 *
 * @throws {MR_STORE_DIRECTORY} {MR_STORE_DISK_FULL} (FatalError) the number cannot be remembered
 */
export async function endLeftTransactions(
  cluster: Cluster,
  kept: KeptProcess,
  options: Pick<
    ResolvedOptions,
    'applicationId' | 'processingGuarantee' | 'workers' | 'transactionTimeoutMs' | 'requestTimeoutMs'
  >,
): Promise<void> {
  if (options.processingGuarantee !== 'exactly-once') return
  const ending: Promise<boolean>[] = []
  for (let index = options.workers; index < kept.workers; index++) {
    ending.push(end(cluster, transactionalIdOf(options.applicationId, kept.processId, index), options))
  }
  const ended = await Promise.all(ending)
  const isClean = ended.every((isEnded) => isEnded)
  const workers = isClean ? options.workers : Math.max(options.workers, kept.workers)
  if (workers !== kept.workers) await kept.keepWorkers(workers)
}

async function end(
  cluster: Cluster,
  transactionalId: string,
  options: Pick<ResolvedOptions, 'transactionTimeoutMs' | 'requestTimeoutMs'>,
): Promise<boolean> {
  const { transactionTimeoutMs, requestTimeoutMs: initTimeoutMs } = options
  const producer = new TransactionalProducer(cluster, { transactionalId, transactionTimeoutMs, initTimeoutMs })
  try {
    await producer.init()
    return true
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    cluster.around.logger.warn('a transaction that an earlier run may have left open ends by its timeout', {
      transactionalId,
      reason,
    })
    return false
  } finally {
    await producer.close()
  }
}
