/**
 * Validators of the Standard Schema kind (zod, valibot, arktype, …) as serdes: JSON that is checked on both ways.
 *
 * The interface is copied from https://standardschema.dev, which is made for that, so nothing has to be installed.
 */
import { RecordError } from '../errors.ts'
import { decodeJson, encodeJson } from './json.ts'
import type { Serde } from './serde.ts'

/** A validator: version 1 of the specification. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What is accepted for a key or value of a topic. */
export type SerdeOrSchema<T> = Serde<T> | StandardSchema<unknown, T>

/** A serde as it is; a validator as JSON checked by it. */
export function toSerde<T>(given: SerdeOrSchema<T>): Serde<T> {
  return '~standard' in given ? schemaSerde(given, false) : given
}

/** As `toSerde`, in the variant for keys. */
export function toKeySerde<T>(given: SerdeOrSchema<T>): Serde<T> {
  const serde = toSerde(given)
  return serde.forKeys === undefined ? serde : serde.forKeys()
}

function schemaSerde<T>(schema: StandardSchema<unknown, T>, canonical: boolean): Serde<T> {
  const name = `json(${schema['~standard'].vendor})`
  const serde: Serde<T> = {
    name,
    forKeys: () => (canonical ? serde : schemaSerde(schema, true)),
    serialize: (value) => encodeJson(name, check(name, schema, value), canonical),
    deserialize: (bytes) => check(name, schema, decodeJson(name, bytes)),
  }
  return serde
}

/**
 * @throws {MR_SERDE_SCHEMA} naming the path and message of each issue
 * @throws {MR_SERDE_ASYNC} if the validator answers with a promise
 */
function check<T>(serde: string, schema: StandardSchema<unknown, T>, value: unknown): T {
  const result = schema['~standard'].validate(value)
  if ('then' in result) {
    result.then(undefined, () => undefined)
    throw new RecordError('MR_SERDE_ASYNC', { serde })
  }
  if (result.issues === undefined) return result.value
  throw new RecordError('MR_SERDE_SCHEMA', { serde, reason: result.issues.map(issueText).join('; ') })
}

function issueText(issue: StandardIssue): string {
  if (issue.path === undefined || issue.path.length === 0) return issue.message
  const path = issue.path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.')
  return `${path}: ${issue.message}`
}
