/** One header of a record: Kafka allows repeated keys and null values, and keeps the order. */
export interface Header {
  readonly key: string
  readonly value: Uint8Array | null
}

/** Headers in wire order. Never mutated: operators that add a header make a new array. */
export type Headers = readonly Header[]

/** The one empty headers value, so that records without headers share it. */
export const noHeaders: Headers = Object.freeze([])
