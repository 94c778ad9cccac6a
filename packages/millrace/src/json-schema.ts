/** `jsonSchema` with ajv, where it is installed: an optional peer, loaded when the first record comes. */
import { createRequire } from 'node:module'
import { ConfigError, jsonSchema as checkedJson, type SchemaCompiler, type Serde } from '@millrace/core'

/** How a schema is checked. */
export interface JsonSchemaOptions {
  /** An instance of ajv with your settings, or anything of its shape; default: `new Ajv()` of the installed ajv. */
  readonly ajv?: SchemaCompiler | (() => SchemaCompiler)
}

/**
 * JSON that satisfies a JSON Schema, checked when written and when read.
 *
 * @throws {MR_CONFIG_MISSING} with the first record, if ajv is neither given nor installed
 * @throws {MR_SERDE_SCHEMA} a value does not satisfy the schema
 *
 * @example
 * const orders = topic('orders', { key: string(), value: jsonSchema<Order>(orderSchema) })
 */
export function jsonSchema<T = unknown>(schema: object, options: JsonSchemaOptions = {}): Serde<T> {
  return checkedJson<T>(schema, { ajv: options.ajv ?? installedAjv })
}

function installedAjv(): SchemaCompiler {
  const require = createRequire(import.meta.url)
  try {
    const loaded = require('ajv') as { default?: new () => SchemaCompiler } & (new () => SchemaCompiler)
    return new (loaded.default ?? loaded)()
  } catch (cause) {
    const accepted = 'an instance of ajv, or install the package "ajv" beside millrace'
    throw new ConfigError('MR_CONFIG_MISSING', { option: 'jsonSchema ajv', accepted }, { cause })
  }
}
