import { EmbeddedBroker } from 'millrace'
import { afterAll, beforeAll, describe } from 'vitest'
import { describesTls, identity } from './tls-contract.ts'

describe.skipIf(identity === null)('TLS to the embedded broker', () => {
  let broker: EmbeddedBroker
  beforeAll(async () => {
    if (identity !== null) broker = await EmbeddedBroker.start({ port: 0, tls: identity })
  })
  afterAll(async () => broker.close())
  describesTls(() => broker)
})
