import { kafkajsTransport } from '@millrace/transport-kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientContract } from '../protocol-client/contract.ts'
import { groupContract } from '../protocol-client/group-contract.ts'
import { transactionContract } from '../protocol-client/transaction-contract.ts'
import { missing, type RealKafka, startKafka, versions } from './real-kafka.ts'

for (const version of versions) {
  describe.skipIf(missing !== null)(`protocol client on Kafka ${version}`, () => {
    let kafka: RealKafka
    beforeAll(async () => {
      kafka = await startKafka(version)
    })
    afterAll(async () => kafka[Symbol.asyncDispose]())
    it('is there', () => {
      expect(kafka.bootstrap).toMatch(/:\d+$/)
    })
    clientContract(() => kafkajsTransport({ brokers: [kafka.bootstrap] }))
    transactionContract(() => kafkajsTransport({ brokers: [kafka.bootstrap] }))
    groupContract(() => kafkajsTransport({ brokers: [kafka.bootstrap] }))
  })
}
