/**
 * What functions of users must not give: `undefined`. Null means what it means in Kafka (no key, a tombstone); undefined is
 * nearly always a forgotten `return`, and taking it for null would delete rows and drop records without a word.
 *
 * Operators compare with undefined themselves, so that a record costs one comparison; here is only what they throw.
 */
import { RecordError } from '../errors.ts'
import { keyText } from '../error/key-text.ts'

/**
 * @param operator as the user writes it: `mapValues`, or with the function's name: `aggregate (add)`
 * @param store of the operator, for the text; null = it has none
 */
export function undefinedResult(
  operator: string,
  key: unknown,
  store: string | null = null,
): RecordError<'MR_OPERATOR_UNDEFINED'> {
  return new RecordError('MR_OPERATOR_UNDEFINED', { operator, store, key: keyText(key) })
}

/**
 * For a pair with nothing in one of its places.
 *
 * @param key of the record that was mapped
 */
export function wrongPair(
  operator: string,
  pair: unknown,
  key: unknown,
): RecordError<'MR_OPERATOR_PAIR'> | RecordError<'MR_OPERATOR_NULL_RESULT'> {
  if (pair === null || pair === undefined)
    return new RecordError('MR_OPERATOR_NULL_RESULT', { operator, expected: 'a pair [key, value]' })
  const parts = Array.isArray(pair) ? `[${pair.map(partText).join(', ')}]` : partText(pair)
  return new RecordError('MR_OPERATOR_PAIR', { operator, given: parts, key: keyText(key) })
}

/** Kinds only: values may be private. */
function partText(part: unknown): string {
  return part === undefined ? 'undefined' : part === null ? 'null' : `a value of type ${typeof part}`
}
