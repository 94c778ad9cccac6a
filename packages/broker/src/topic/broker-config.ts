/**
 * The broker's own settings, given at start by their Kafka names (`log.cleaner.backoff.ms`), read as numbers and texts.
 */
import { ConfigError } from '@millrace/core'
import { brokerDefinitions, checkConfigValue, type ConfigDefinition } from './config-definition.ts'

/** Values may be given as texts, numbers or booleans. */
export type BrokerConfigInput = Readonly<Record<string, string | number | boolean>>

const definitions: ReadonlyMap<string, ConfigDefinition> = new Map(brokerDefinitions.map((d) => [d.name, d]))

/**
 * Settings with their defaults.
 *
 * @throws {MR_CONFIG_UNKNOWN} {MR_CONFIG_INVALID} (ConfigError) a name that the broker does not know, a wrong value
 */
export class BrokerConfig {
  readonly #given: Map<string, string> = new Map()

  constructor(given: BrokerConfigInput = {}) {
    for (const [name, value] of Object.entries(given)) {
      const definition = definitions.get(name)
      if (definition === undefined) throw new ConfigError('MR_CONFIG_UNKNOWN', { option: name, nearest: null })
      const wrong = checkConfigValue(definition, String(value))
      if (wrong !== undefined) {
        throw new ConfigError('MR_CONFIG_INVALID', { option: name, value: String(value), accepted: wrong })
      }
      this.#given.set(name, String(value))
    }
  }

  text(name: string): string {
    const value = this.#given.get(name) ?? definitions.get(name)?.default
    if (value === undefined) throw new ConfigError('MR_CONFIG_UNKNOWN', { option: name, nearest: null })
    return value
  }

  number(name: string): number {
    return Number(this.text(name))
  }

  flag(name: string): boolean {
    return this.text(name).toLowerCase() === 'true'
  }

  /** True when it was given at start. */
  isGiven(name: string): boolean {
    return this.#given.has(name)
  }

  /** Changes a setting while running; undefined takes the default again. Returns what is wrong, if anything. */
  set(name: string, value: string | undefined): string | undefined {
    const definition = definitions.get(name)
    if (definition === undefined) return `Unknown configuration ${name}`
    if (value === undefined) {
      this.#given.delete(name)
      return undefined
    }
    const wrong = checkConfigValue(definition, value)
    if (wrong === undefined) this.#given.set(name, value)
    return wrong
  }
}
