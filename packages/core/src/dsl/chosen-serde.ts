/**
 * Which serde an operator takes: the one in its options, else the one that is passed on.
 *
 * Kafka passes serdes on only where a configuration object is absent altogether: a `Grouped` with nothing but a name drops
 * them. Here a name says nothing about serdes. Null (not in the public types) asks for Kafka's way: not passed on, the
 * default one is taken.
 */
import type { Serde } from '../serde/serde.ts'
import { type SerdeOrSchema, toKeySerde, toSerde } from '../serde/standard-schema.ts'

type Given = SerdeOrSchema<any> | null | undefined
type Known = Serde<unknown> | null

export function chosenKey(given: Given, inherited: Known): Known {
  if (given === undefined) return inherited
  return given === null ? null : toKeySerde<unknown>(given)
}

export function chosenValue(given: Given, inherited: Known): Known {
  if (given === undefined) return inherited
  return given === null ? null : toSerde<unknown>(given)
}
