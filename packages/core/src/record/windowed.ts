/** A window in event time, ms since the epoch. Time windows are `[startMs, endMs)`; sliding and session windows include `endMs`. */
export interface Window {
  readonly startMs: number
  readonly endMs: number
}

/** The key of a windowed result: the record's key and the window it was aggregated in. */
export interface Windowed<K> {
  readonly key: K
  readonly window: Window
}
