/**
 * Stores take null for "no value", never undefined: that is nearly always a forgotten `return`, and would delete the row.
 * Views compare with undefined themselves; here is only what they throw.
 */
import { StreamsError } from '../errors.ts'
import { keyText } from '../error/key-text.ts'

/** @param key undefined = not known here */
export function undefinedPut(store: string, key?: unknown): StreamsError<'MR_STORE_UNDEFINED'> {
  return new StreamsError('MR_STORE_UNDEFINED', { store, key: key === undefined ? null : keyText(key) })
}
