import { connect } from 'node:tls'
import { EmbeddedBroker } from 'millrace'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describesTls, identity } from './tls-contract.ts'

describe.skipIf(identity === null)('TLS to the embedded broker', () => {
  let broker: EmbeddedBroker
  beforeAll(async () => {
    if (identity !== null) broker = await EmbeddedBroker.start({ port: 0, tls: identity })
  })
  afterAll(async () => broker.close())
  describesTls(() => broker)

  it('shows the certificate that it was given', async () => {
    const [host = '', port = ''] = broker.bootstrap.split(':')
    const socket = connect({ host, port: Number(port), ca: identity?.cert ?? '' })
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    expect(socket.getPeerCertificate().subject.CN).toBe('localhost')
    socket.destroy()
  })
})
