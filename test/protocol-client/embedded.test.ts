import { EmbeddedBroker } from '@millrace/broker'
import { afterAll, beforeAll, describe } from 'vitest'
import { clientContract } from './contract.ts'

for (const version of ['4.x', '3.9'] as const) {
  describe(`protocol client on the embedded broker (${version})`, () => {
    let broker: EmbeddedBroker
    beforeAll(async () => {
      broker = await EmbeddedBroker.start({ version })
    })
    afterAll(async () => broker.close())
    clientContract(() => broker.transport())
  })
}
