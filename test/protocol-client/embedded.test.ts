import { EmbeddedBroker } from '@millrace/broker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientContract } from './contract.ts'
import { groupContract } from './group-contract.ts'
import { transactionContract } from './transaction-contract.ts'

for (const version of ['4.x', '3.9'] as const) {
  describe(`protocol client on the embedded broker (${version})`, () => {
    let broker: EmbeddedBroker
    beforeAll(async () => {
      broker = await EmbeddedBroker.start({
        version,
        config: {
          'group.min.session.timeout.ms': 100,
          'transaction.abort.timed.out.transaction.cleanup.interval.ms': 500,
        },
      })
    })
    afterAll(async () => broker.close())
    it('is reached over its transport', async () => {
      const channel = await broker.transport().open('admin')
      expect((await channel.send('any', 18, 0, new Uint8Array())).length).toBeGreaterThan(0)
    })
    clientContract(() => broker.transport())
    groupContract(() => broker.transport())
    transactionContract(() => broker.transport())
  })
}
