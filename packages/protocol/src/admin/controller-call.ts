/** Requests about topics go to the controller (any broker forwards them under KRaft) and are repeated while it moves. */
import { RetriableError } from '@millrace/core'
import type { Api } from '../codec/api.ts'
import type { CallOptions, RequestBody } from '../cluster/caller.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { retry } from '../cluster/retry.ts'

/** Limits of one administrative call. */
export interface AdminOptions {
  /** For all attempts, ms; default 30 000. */
  readonly timeoutMs?: number
}

/** Default of `AdminOptions.timeoutMs`. */
export const adminTimeoutMs = 30_000

/** Sends to the controller; `judge` throws a RetriableError for what is to be tried again. */
export async function callController<Req extends object, Res extends object, T>(
  cluster: Cluster,
  request: {
    readonly api: Api<Req, Res>
    readonly body: RequestBody<Req>
    readonly options: AdminOptions
    /** The broker it is about, instead of the controller. */
    readonly node?: number | undefined
  },
  judge: (response: Res) => T,
): Promise<T> {
  const { api, body, options } = request
  const timeoutMs = options.timeoutMs ?? adminTimeoutMs
  return retry(cluster.around, { what: api.name, timeoutMs, maxMs: 250 }, async (leftMs) => {
    if (cluster.metadata.controllerId < 0) await cluster.metadata.refresh()
    const node = request.node ?? cluster.metadata.controllerId
    const limits: CallOptions = { timeoutMs: Math.min(cluster.requestTimeoutMs, Math.ceil(leftMs)) }
    try {
      return judge(await cluster.call(node < 0 ? 'any' : node, api, body, limits))
    } catch (error) {
      if (error instanceof RetriableError) await cluster.metadata.refresh().catch(() => undefined)
      throw error
    }
  })
}
