/**
 * The topics of the fleet: what several processes read and write together while they are killed.
 *
 * Every record carries the number it was made with, and every number is written once, so that an output names the input
 * it comes from.
 */
import { int64, json, string, type Topic, topic } from 'millrace'

export const partitions = 6
/** Keys of the inputs: record `n` has key `n mod keyCount`, and timestamp `start + n · stepMs`. */
export const keyCount = 120
export const groupCount = 17
export const stepMs = 10
/** Joins a record with the one of its number and those of its key before and after it. */
export const withinMs: number = keyCount * stepMs + 50

/** How many records a group has had, and the text of the last one. */
export interface Sum {
  readonly n: number
  readonly last: string
}

export interface FleetTopics {
  readonly left: Topic<string, string>
  readonly right: Topic<string, string>
  readonly echo: Topic<string, string>
  readonly counts: Topic<string, number>
  readonly sums: Topic<string, Sum>
  readonly pairs: Topic<string, string>
  readonly ticks: Topic<string, number>
}

/** Topics of an application; inputs and outputs begin with its id, as internal topics do. */
export function fleetTopics(applicationId: string): FleetTopics {
  const texts = (name: string): Topic<string, string> =>
    topic(`${applicationId}-${name}`, { key: string(), value: string() })
  const numbers = (name: string): Topic<string, number> =>
    topic(`${applicationId}-${name}`, { key: string(), value: int64() })
  return {
    left: texts('left'),
    right: texts('right'),
    echo: texts('echo'),
    counts: numbers('counts'),
    sums: topic(`${applicationId}-sums`, { key: string(), value: json<Sum>() }),
    pairs: texts('pairs'),
    ticks: numbers('ticks'),
  }
}

export const keyOf = (n: number): string => `k${n % keyCount}`
export const groupOf = (n: number): string => `g${n % groupCount}`
/** Values are a letter and the number; `X…` stands in transactions that are aborted. */
export const numberOf = (text: string): number => Number(text.slice(1))
