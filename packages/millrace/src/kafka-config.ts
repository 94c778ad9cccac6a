/**
 * Names and values of the options that go to kafkajs, which ignores what it does not know: a misspelt `ssl` would send
 * records and passwords as plain text.
 */
import { ConfigError } from '@millrace/core'
import { nearestName } from '@millrace/core/internal'
import type { KafkaConfig } from 'kafkajs'

const known: Readonly<Record<keyof KafkaConfig, true>> = {
  brokers: true,
  ssl: true,
  sasl: true,
  clientId: true,
  connectionTimeout: true,
  authenticationTimeout: true,
  reauthenticationThreshold: true,
  requestTimeout: true,
  enforceRequestTimeout: true,
  retry: true,
  socketFactory: true,
  logLevel: true,
  logCreator: true,
}
const mechanisms: readonly string[] = ['plain', 'scram-sha-256', 'scram-sha-512', 'aws', 'oauthbearer']

/**
 * @throws {MR_CONFIG_UNKNOWN} (ConfigError) a name that kafkajs does not read
 * @throws {MR_CONFIG_INVALID} {MR_CONFIG_MISSING} (ConfigError) of `ssl` and `sasl`
 */
export function checkKafkaConfig(config: KafkaConfig): void {
  const names = Object.keys(known)
  for (const name of Object.keys(config)) {
    if (names.includes(name)) continue
    const nearest = nearestName(name, names)
    throw new ConfigError('MR_CONFIG_UNKNOWN', {
      option: `kafka.${name}`,
      nearest: nearest === null ? null : `kafka.${nearest}`,
    })
  }
  const { ssl, sasl } = config as { readonly ssl?: unknown; readonly sasl?: unknown }
  if (ssl !== undefined && typeof ssl !== 'boolean' && (typeof ssl !== 'object' || ssl === null)) {
    throw invalid('kafka.ssl', ssl, 'true, false or the options of a TLS connection')
  }
  if (sasl !== undefined) checkSasl(sasl)
}

function checkSasl(sasl: unknown): void {
  if (typeof sasl !== 'object' || sasl === null)
    throw invalid('kafka.sasl', sasl, "an object such as { mechanism: 'plain', … }")
  const { mechanism, authenticationProvider, ...rest } = sasl as Readonly<Record<string, unknown>>
  if (typeof authenticationProvider === 'function') return
  const name = typeof mechanism === 'string' ? mechanism.toLowerCase() : ''
  if (!mechanisms.includes(name)) {
    const nearest = nearestName(name, mechanisms)
    const all = mechanisms.map((one) => `'${one}'`).join(', ')
    throw invalid('kafka.sasl.mechanism', mechanism, nearest === null ? `one of ${all}` : `'${nearest}' (of ${all})`)
  }
  const required = name === 'plain' || name.startsWith('scram') ? ['username', 'password'] : []
  for (const part of required) {
    if (typeof rest[part] === 'string') continue
    throw new ConfigError('MR_CONFIG_MISSING', { option: `kafka.sasl.${part}`, accepted: `the ${part} as a text` })
  }
}

/** The value of a secret is never shown. */
function invalid(option: string, value: unknown, accepted: string): ConfigError {
  const shown = typeof value === 'object' && value !== null ? 'this object' : (JSON.stringify(value) ?? String(value))
  return new ConfigError('MR_CONFIG_INVALID', { option, value: shown, accepted })
}
