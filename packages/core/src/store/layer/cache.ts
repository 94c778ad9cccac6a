/**
 * The cache layer: above the changelog, below the typed view. A put waits in its row until the flush, which writes each
 * changed row once, in the order of the last puts, and tells the listener (the table downstream) what changed.
 *
 * A flushed row stays readable. A flushed deletion of a key that the layers below do not hold does nothing at all in a
 * store with a listener, as in Kafka.
 */
import { noHeaders } from '../../record/headers.ts'
import type { FlushListener, StoreHost } from '../host.ts'
import { type Content, isPresent, knownFlag, type Pending, type Row } from '../row.ts'
import type { ValueCodec } from '../value-codec.ts'
import type { WriteSet } from '../write-set.ts'

/** What lies below the cache: the rows of a store, their changelog and the engine. */
export interface BelowCache<K, R extends Row> {
  /** Content below of a row that is about to become dirty; null = only the engine knows. */
  contentBelow(row: R): Content | null
  /** Content below of a row that was dirty until now; asks the engine if it must. */
  belowOf(row: R, pending: Pending): Content
  /** Sends the row's content to the changelog and into the next batch; `before` is what it replaces, if that is known. */
  writeBelow(row: R, before: Content | null): void
  /** The key that the listener gets. */
  keyOfRow(row: R, pending: Pending): K
  /** The row is no longer dirty, and nothing was written. */
  settled?(row: R): void
  /** True: what was deleted and is not below settles at once, not at the flush. */
  readonly dropsDeletions?: boolean
}

export class CacheLayer<K, V, R extends Row> {
  private readonly host: StoreHost
  private readonly codec: ValueCodec<V>
  private readonly writes: WriteSet<R>
  private readonly below: BelowCache<K, R>
  private readonly forwardsHeaders: boolean
  private listener: FlushListener<K, V> | null = null
  private wantsOld = false
  private dropsDeletions = false

  constructor(
    parts: { readonly host: StoreHost; readonly codec: ValueCodec<V>; readonly writes: WriteSet<R> },
    below: BelowCache<K, R>,
    forwardsHeaders = true,
  ) {
    this.host = parts.host
    this.codec = parts.codec
    this.writes = parts.writes
    this.below = below
    this.forwardsHeaders = forwardsHeaders
  }

  setListener(listener: FlushListener<never, never>, wantsOld: boolean): void {
    this.listener = listener as unknown as FlushListener<K, V>
    this.wantsOld = wantsOld
    this.dropsDeletions = this.below.dropsDeletions === true
  }

  /** Puts a value (null deletes) into the row; flushes everything when the cache is full. */
  put(row: R, value: V | null, userKey: unknown): void {
    const below = row.pending === null ? this.below.contentBelow(row) : null
    this.codec.assign(row, value)
    row.flags |= knownFlag
    const pending = this.writes.markDirty(row, below)
    if (this.dropsDeletions && pending.below !== null && !isPresent(row) && !isPresent(pending.below)) {
      // Its flush would do nothing, so it need not wait for one: sessions that grew are gone at once.
      this.writes.dropDirty(row)
      this.below.settled?.(row)
      return
    }
    pending.timestampMs = this.host.current.timestampMs
    pending.headers = this.host.current.headers
    pending.userKey = userKey
    if (this.writes.dirtyBytes > this.host.cacheBytesMax) this.flush()
  }

  /** Flushes what was dirty when it was called, oldest put first. */
  flush(): void {
    const { current } = this.host
    const { timestampMs, headers } = current
    try {
      for (let left = this.writes.dirtyCount; left > 0; left--) {
        const pending = this.writes.shiftDirty()
        if (pending === null) return
        this.flushRow(pending.row as R, pending)
      }
    } finally {
      current.timestampMs = timestampMs
      current.headers = headers
    }
  }

  private flushRow(row: R, pending: Pending): void {
    const { host, listener, below } = this
    const { timestampMs, headers } = pending
    host.current.timestampMs = timestampMs
    host.current.headers = headers
    if (listener === null) {
      below.writeBelow(row, pending.below)
      return
    }
    const isThere = isPresent(row)
    const before = !isThere || this.wantsOld ? below.belowOf(row, pending) : null
    if (!isThere && before !== null && !isPresent(before)) {
      this.writes.settle(row)
      below.settled?.(row)
      return
    }
    below.writeBelow(row, before ?? pending.below)
    const old = this.wantsOld && before !== null ? this.codec.readOld(before) : null
    const key = below.keyOfRow(row, pending)
    listener(key, this.codec.read(row), old, timestampMs, this.forwardsHeaders ? headers : noHeaders)
  }
}
