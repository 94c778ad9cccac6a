/**
 * Topics as Kafka's untyped overloads have them: serdes may be missing (the default ones are taken), and null keys and
 * values are never refused. For the interpreter of golden vectors; users declare their topics.
 */
import { nullable } from '../serde/nullable.ts'
import type { Serde } from '../serde/serde.ts'
import type { Topic } from '../topology/topic.ts'

/** A topic of a name, with the serdes that are given. */
export function bareTopic(
  name: string,
  serdes: { readonly key?: Serde<any> | undefined; readonly value?: Serde<any> | undefined } = {},
): Topic<any, any> {
  const key = serdes.key === undefined ? null : nullable(serdes.key)
  const value = serdes.value === undefined ? null : nullable(serdes.value)
  return { name, key, value } as unknown as Topic<any, any>
}
