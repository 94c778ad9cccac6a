/**
 * Rows of a key-value store whose ranges are read on the record path (subscriptions of a foreign-key join): the keys of
 * all rows lie in memory in order, so that a prefix scan never opens an iterator of the engine. Values are read from the
 * entry table or by `getSync`.
 */
import type { EngineEntry, RangeOptions } from '../port/store-engine.ts'
import { afterPrefix, bytesOf, hashText, latin1 } from './key-bytes.ts'
import { KeyValueRows } from './key-value-rows.ts'
import { type Content, isPinned, isPresent, knownFlag, type Row } from './row.ts'
import { SortedChunks } from './sorted-chunks.ts'

export class IndexedRows<K, V> extends KeyValueRows<K, V> {
  private readonly inOrder = new SortedChunks<{ readonly key: string }>()

  override async load(): Promise<void> {
    await super.load()
    this.inOrder.clear()
    const lt = afterPrefix(this.prefix) as Uint8Array
    for await (const entry of this.engine.range({ gte: this.prefix, lt })) {
      this.inOrder.insert({ key: latin1(entry.key, this.prefix.length) })
    }
  }

  override *engineRange(range: RangeOptions): Iterable<EngineEntry> {
    const skip = this.prefix.length
    const from = latin1(range.gte as Uint8Array, skip)
    const lt = range.lt as Uint8Array
    const isBounded = lt[skip - 1] === this.prefix[skip - 1]
    const found = this.inOrder.slice({ from, to: isBounded ? latin1(lt, skip) : undefined })
    if (range.reverse === true) found.reverse()
    const prefix = latin1(this.prefix)
    for (const { key } of found) {
      const bytes = bytesOf(prefix + key)
      const row = this.table.findText(key, hashText(key))
      const value = row !== undefined && isClean(row) ? this.codec.toEngine(row) : this.engine.getSync(bytes)
      if (value !== undefined && value !== null) yield { key: bytes, value }
    }
  }

  override rollback(): void {
    super.rollback()
    this.inOrder.clear()
  }

  protected override applied(row: Row, before: Content | null): void {
    super.applied(row, before)
    if (!isPresent(row)) this.inOrder.remove(row.key)
    else if (this.inOrder.get(row.key) === undefined) this.inOrder.insert({ key: row.key })
  }
}

function isClean(row: Row): boolean {
  return (row.flags & knownFlag) !== 0 && !isPinned(row)
}
