/** JSON checked by a JSON Schema on both ways. The schema is compiled on first use, by ajv or any compiler of its shape. */
import { RecordError } from '../errors.ts'
import { decodeJson, encodeJson } from './json.ts'
import type { Serde } from './serde.ts'

/** What is needed of ajv: `new Ajv()` fits. */
export interface SchemaCompiler {
  compile(schema: object): SchemaCheck
}

/** A compiled schema: true when the value satisfies it, else `errors` says why. */
export interface SchemaCheck {
  (value: unknown): unknown
  errors?: readonly SchemaIssue[] | null
}

export interface SchemaIssue {
  readonly instancePath?: string
  readonly message?: string | undefined
}

/**
 * JSON that satisfies a JSON Schema.
 *
 * @param options.ajv an instance of ajv, or a function that makes one when the first record comes
 *
 * @example
 * const order = { type: 'object', required: ['id'], properties: { id: { type: 'string' } } }
 * const orders = topic('orders', { key: string(), value: jsonSchema<{ id: string }>(order, { ajv: new Ajv() }) })
 */
export function jsonSchema<T = unknown>(
  schema: object,
  options: { readonly ajv: SchemaCompiler | (() => SchemaCompiler) },
): Serde<T> {
  const { ajv } = options
  let check: SchemaCheck | undefined
  const checked = (value: unknown): T => {
    check ??= ('compile' in ajv ? ajv : ajv()).compile(schema)
    if (check(value) === true) return value as T
    throw new RecordError('MR_SERDE_SCHEMA', { serde: 'jsonSchema', reason: reasonOf(check.errors) })
  }
  const serde = (canonical: boolean): Serde<T> => ({
    name: 'jsonSchema',
    forKeys: () => serde(true),
    serialize: (value) => encodeJson('jsonSchema', checked(value), canonical),
    deserialize: (bytes) => checked(decodeJson('jsonSchema', bytes)),
  })
  return serde(false)
}

function reasonOf(issues: readonly SchemaIssue[] | null | undefined): string {
  if (issues === undefined || issues === null || issues.length === 0) return 'no reason given'
  return issues.map((issue) => `${issue.instancePath || 'the value'} ${issue.message ?? 'is wrong'}`).join('; ')
}
