/**
 * Reference models: what a topology must give, computed from the whole input with plain lists and loops, as slowly as it
 * likes. They share no code with the operators; they should be obviously right.
 *
 * All keys and values are texts, as the function library of the vectors writes them.
 */

/** A record of the input, in the order of arrival. */
export interface ModelRecord {
  readonly topic: string
  readonly key: string | null
  readonly value: string | null
  /** Event time, ms. */
  readonly ts: number
}

/** One update of the output. */
export interface ModelUpdate {
  readonly key: string
  /** Null: deleted. */
  readonly value: string | null
  readonly ts: number
}

/** Text of the key of a window, both ends as the library prints them. */
export function windowText(key: string, start: number, end: number): string {
  return `[${key}@${start}/${end}]`
}
