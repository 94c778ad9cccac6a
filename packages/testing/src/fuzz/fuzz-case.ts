/** What a random case is, and what its model says of it. */
import type { Vector } from '../conformance/vector.ts'
import type { ModelRecord, ModelUpdate } from '../model/model.ts'
import type { SeededRandom } from '../simulation/seeded-random.ts'

/** What a model says of the output of topic `out`. */
export type Expectation = {
  /** Code of the error, or of one behind it, that ends the run after these updates; absent = it does not end. */
  readonly endsWith?: string
} &
  /** All updates of each key in their order. */
  (
    | { readonly compare: 'sequence'; readonly updates: readonly ModelUpdate[] }
    /** All updates of each key in any order. */
    | { readonly compare: 'bag'; readonly updates: readonly ModelUpdate[] }
    /** The last update of each key, with its time. */
    | { readonly compare: 'last'; readonly updates: readonly ModelUpdate[] }
    /** The last value of each key; `gone` says which values mean that there is none. */
    | {
        readonly compare: 'final'
        readonly rows: ReadonlyMap<string, string>
        readonly gone: readonly string[]
        /** What no update may say, also one that is replaced later; null = nothing wrong. */
        readonly refuse?: (update: ModelUpdate) => string | null
      }
  )

/** A random topology with its input. Shrinking takes records away; the last ones, `closing`, stay. */
export interface FuzzCase {
  readonly family: string
  readonly topology: readonly object[]
  readonly config: NonNullable<Vector['config']>
  readonly records: readonly ModelRecord[]
  readonly closing: readonly ModelRecord[]
  /** Partitions of the topics on a broker; 1 unless given. */
  readonly partitions?: number
  expected(records: readonly ModelRecord[]): Expectation
}

/** Makes cases of one kind of operator. */
export type Family = (random: SeededRandom) => Omit<FuzzCase, 'family' | 'config'> & Partial<Pick<FuzzCase, 'config'>>
