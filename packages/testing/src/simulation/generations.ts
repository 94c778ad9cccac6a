/**
 * Which generation of its group each life of a process works in, overheard on its connections: a SyncGroup that succeeds
 * says it. Processors and the runtime know nothing of it.
 *
 * The simulated brokers forget groups when they crash, and generations begin anew; so the number of crashes counts first.
 */
import type { Transport, TransportChannel } from '@millrace/core/port'
import { decodeReceivedRequest, decodeReceivedResponse, errorCode, syncGroup } from '@millrace/protocol/internal'

/** Generations of one life of the brokers are fewer. */
const perLife = 10_000

export class Generations {
  private readonly known = new Map<string, number>()
  private readonly crashes: () => number

  /** @param crashes of the brokers, so far */
  constructor(crashes: () => number) {
    this.crashes = crashes
  }

  /** Of a life of a process, by its name: grows over all lives of the brokers; −1 before it is in a group. */
  of(instance: string): number {
    return this.known.get(instance) ?? -1
  }

  /** The same transport, listened to. */
  overhear(instance: string, transport: Transport): Transport {
    return {
      open: async (role) => {
        const channel = await transport.open(role)
        return role === 'group' ? this.overheard(instance, channel) : channel
      },
      close: async () => transport.close(),
      [Symbol.asyncDispose]: async () => transport.close(),
    }
  }

  private overheard(instance: string, channel: TransportChannel): TransportChannel {
    return {
      // oxlint-disable-next-line max-params -- the port's signature
      send: async (node, apiKey, version, body, options) => {
        if (apiKey !== syncGroup.key) return channel.send(node, apiKey, version, body, options)
        const { generationId } = decodeReceivedRequest(syncGroup, version, body)
        const generation = this.crashes() * perLife + generationId
        const answer = await channel.send(node, apiKey, version, body, options)
        if (decodeReceivedResponse(syncGroup, version, answer).errorCode === errorCode.NONE) {
          this.known.set(instance, generation)
        }
        return answer
      },
      learn: (brokers) => channel.learn(brokers),
      close: async () => channel.close(),
    }
  }
}
