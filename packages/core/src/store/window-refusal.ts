/** Windows that cannot be: what Kafka's constructor of a window refuses, where it makes one. */
import { StreamsError } from '../errors.ts'
import type { StoreDefinition } from './definition.ts'

type AnyDefinition = Pick<StoreDefinition<never, never>, 'name' | 'windowSizeMs'>

/**
 * Refuses a window that starts before 0 or ends before it starts.
 *
 * @param endMs default by the window size of the store
 * @throws {MR_STORE_WINDOW} always
 */
export function refuseWindow({ name, windowSizeMs = 0 }: AnyDefinition, startMs: number, endMs?: number): never {
  throw new StreamsError('MR_STORE_WINDOW', { store: name, startMs, endMs: endMs ?? startMs + windowSizeMs })
}
