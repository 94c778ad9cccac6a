/** What must work over TLS, on whichever broker: large requests in one piece, many small ones, and named refusals. */
import { KafkaClient, memoryStores, StreamsApp, StreamsBuilder, string, topic } from 'millrace'
import { silentLogger } from '@millrace/core/port'
import { expect, it, vi } from 'vitest'
import { testIdentity } from '../tls-identity.ts'

/** Made once; null without openssl. */
export const identity: ReturnType<typeof testIdentity> = testIdentity()

export interface TlsBroker {
  readonly bootstrap: string
}

/** Declares the tests; `broker` is asked when they run. */
export function describesTls(broker: () => TlsBroker): void {
  const ca = identity?.cert ?? ''
  const target = (ssl: object | undefined): never =>
    ({ brokers: [broker().bootstrap], ...(ssl === undefined ? {} : { ssl }) }) as never

  it.each(['at-least-once', 'exactly-once'] as const)(
    'carries records of all sizes through an application, %s',
    async (processingGuarantee) => {
      const input = topic(`in-${processingGuarantee}`, { key: string(), value: string() })
      const output = topic(`out-${processingGuarantee}`, { key: string(), value: string() })
      await using client = new KafkaClient(target({ ca: [ca] }))
      await client.createTopics([input, output])
      const builder = new StreamsBuilder()
      builder.stream(input).to(output)
      await using app = new StreamsApp(builder.build(), {
        applicationId: `tls-${processingGuarantee}`,
        kafka: target({ ca: [ca] }),
        processingGuarantee,
        commitInterval: 100,
        stores: memoryStores(),
        logger: silentLogger,
      })
      app.ended().catch(() => undefined)
      await app.start()
      const sizes = [1, 16_383, 16_384, 16_385, 100_000, 900_000, 3, 65_536]
      const values = sizes.map((size, i) => String.fromCharCode(97 + i).repeat(size))
      const small = Array.from({ length: 2_000 }, (_, i) => `small ${i}`)
      const writer = client.writer(input)
      await writer.ready()
      for (const value of [...values, ...small]) writer.send('k', value)
      await writer.flush()
      await vi.waitFor(
        async () => {
          const read: (string | null)[] = []
          for await (const { value } of client.read(output)) read.push(value)
          expect(read.length).toBe(values.length + small.length)
          expect(read.every((value, i) => value === [...values, ...small][i])).toBe(true)
        },
        { timeout: 30_000, interval: 100 },
      )
    },
    60_000,
  )

  it.each([
    ['a certificate of an unknown authority', { ca: undefined }, 'MR_TRANSPORT_AUTHENTICATION', /kafka\.ssl\.ca/],
    ['plain bytes to a TLS port', undefined, 'MR_RUNTIME_UNREACHABLE', /kafka\.ssl/],
  ])('names %s', async (_, ssl, code, says) => {
    await using client = new KafkaClient(target(ssl), { reachTimeout: '1500ms', logger: silentLogger })
    const error = await client.createTopics([{ name: 'never' }]).then(
      () => null,
      (thrown: unknown) => thrown as { code: string; message: string },
    )
    expect(error?.code).toBe(code)
    expect(error?.message).toMatch(says)
  })
}
