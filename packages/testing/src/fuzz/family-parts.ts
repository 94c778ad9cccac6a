/** What families are put together from: inputs, sources, ends. */
import type { JoinKind } from '../model/joins.ts'
import type { ModelRecord } from '../model/model.ts'
import type { SeededRandom } from '../simulation/seeded-random.ts'

/** A key that no other record has, and a time so late that every window before it has closed. */
export const openKey = 'z'
export const endOfTime = 1_000_000
/** Retention of windows: longer than all inputs, so that only grace decides what is late and what is emitted. */
export const keptMs: number = 2 * endOfTime

export const kinds: readonly JoinKind[] = ['join', 'leftJoin', 'outerJoin']
export const source = (op: 'stream' | 'table' | 'globalTable', topic: string): object => ({ op, topic, id: topic })
export const streamOut: readonly object[] = [{ op: 'to', topic: 'out' }]
export const tableOut: readonly object[] = [{ op: 'toStream' }, ...streamOut]
export const windowedOut: readonly object[] = [{ op: 'toStream', key: 'key|text' }, ...streamOut]
/** Counts are written as texts. */
export const longOut: readonly object[] = [{ op: 'mapValues', value: 'text' }]
export const onClose: readonly object[] = [{ op: 'emitStrategy', on: 'windowClose' }]
const kept = { store: 's', keySerde: 'string', valueSerde: 'string', retention: keptMs }
export const windowedAggregate: readonly object[] = [
  { op: 'aggregate', init: '0', aggregator: 'add', materialized: kept },
]
/** Of sessions; without `aggregator` of a cogroup. */
export const sessionAggregate: readonly object[] = [
  { op: 'aggregate', init: '0', aggregator: 'add', merger: 'amp', materialized: kept },
]
export const cogroupAggregate: readonly object[] = [{ op: 'aggregate', init: '0', materialized: kept }]
export const windowedCount: readonly object[] = [
  { op: 'count', materialized: { store: 's', keySerde: 'string', valueSerde: 'long', retention: keptMs } },
]

export interface InputShape {
  readonly topics: readonly string[]
  readonly nullKeys?: boolean
  readonly nullValues?: boolean
}

/** Times that mostly grow, with records that are late, equal, and far ahead. */
export function input(
  random: SeededRandom,
  { topics, nullKeys = false, nullValues = false }: InputShape,
): ModelRecord[] {
  let now = random.between(0, 20)
  return Array.from({ length: random.between(2, 24) }, (_, i) => {
    if (random.chance(0.7)) now += random.between(0, random.chance(0.1) ? 80 : 8)
    const ts = random.chance(0.3) ? Math.max(0, now - random.between(0, 25)) : now
    const key = nullKeys && random.chance(0.05) ? null : random.pick(['a', 'b', 'c'])
    const value = nullValues && random.chance(0.2) ? null : `${random.pick(['a', 'b', 'c'])}${i}`
    return { topic: random.pick(topics), key, value, ts }
  })
}
