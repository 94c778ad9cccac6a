/**
 * How far a task's engine has got in each changelog, as rows of the engine itself: they are written in the same batch as
 * the data, so they can neither be lost nor run ahead.
 *
 * Rows of the task's own have the prefix `00 00` (stores begin at 1):
 *
 *     00 00 'p' topic 00 partition(4)  →  offset of the next changelog record, 8 bytes
 *     00 00 'l'                        →  layout: names and kinds of the stores behind the prefixes 1, 2, …
 *     00 00 'c'                        →  id of the cluster that has the changelogs
 *     00 00 'a'                        →  id of the application
 *
 * Only two kinds of offset may be stored: what was restored, and what the cluster acknowledged. "Produced so far" is
 * neither (KAFKA-16017 lost records that way), so the type of a storable offset can only be made from those two.
 */
import { TaskCorruptedError } from '@millrace/core'
import { decodeUtf8, encodeUtf8, readLong, writeLong } from '@millrace/core/internal'
import type { EngineOperation, StoreEngine } from '@millrace/core/port'

declare const storable: unique symbol
/** The next changelog offset that an engine needs. */
export type StorableOffset = number & { readonly [storable]: true }

/** Everything before this offset was read from the changelog and is in the batch. */
export function restoredThrough(nextOffset: number): StorableOffset {
  return nextOffset as StorableOffset
}

/** The cluster acknowledged the record at this offset, and its row is in the batch. */
export function acknowledgedThrough(lastOffset: number): StorableOffset {
  return (lastOffset + 1) as StorableOffset
}

const ownPrefix = [0, 0] as const
const positionMark = 0x70
const layoutKey: Uint8Array = Uint8Array.of(...ownPrefix, 0x6c)
const clusterKey: Uint8Array = Uint8Array.of(...ownPrefix, 0x63)
const applicationKey: Uint8Array = Uint8Array.of(...ownPrefix, 0x61)

/** The engine operation that stores a position. */
export function positionOperation(topic: string, partition: number, offset: StorableOffset): EngineOperation {
  const value = new Uint8Array(8)
  writeLong(value, 0, offset)
  return { key: positionKey(topic, partition), value }
}

/** The stored position, or null when the engine has none. */
export async function readPosition(engine: StoreEngine, topic: string, partition: number): Promise<number | null> {
  const [value] = await engine.getMany([positionKey(topic, partition)])
  if (value === undefined) return null
  if (value.length !== 8) {
    throw new TaskCorruptedError('MR_STORE_CORRUPT', { store: topic, reason: `its position has ${value.length} bytes` })
  }
  return readLong(value, 0)
}

/** Sum of all stored positions: how much of its changelogs the state has, for the leader of the group. */
export async function storedOffsetSum(engine: StoreEngine): Promise<number> {
  let sum = 0
  const gte = Uint8Array.of(...ownPrefix, positionMark)
  const lt = Uint8Array.of(...ownPrefix, positionMark + 1)
  for await (const { value } of engine.range({ gte, lt })) if (value.length === 8) sum += readLong(value, 0)
  return sum
}

/**
 * True when the engine holds rows of these stores under these prefixes, or nothing at all. False after a change of the
 * topology that moved stores: the rows would be taken for those of other stores.
 */
export async function layoutMatches(engine: StoreEngine, layout: string): Promise<boolean> {
  const [value] = await engine.getMany([layoutKey])
  if (value !== undefined) return equalBytes(value, encodeUtf8(layout))
  for await (const _ of engine.range({ limit: 1 })) return false
  return true
}

/** Whose state an engine holds; null = not known, or written before it was noted. */
export interface EngineOwner {
  /** Cluster whose changelogs it follows. */
  readonly cluster: string | null
  readonly application: string | null
}

/** What the engine has noted. */
export async function storedOwner(engine: StoreEngine): Promise<EngineOwner> {
  const [cluster, application] = await engine.getMany([clusterKey, applicationKey])
  const textOf = (value: Uint8Array | undefined): string | null => (value === undefined ? null : decodeUtf8(value))
  return { cluster: textOf(cluster), application: textOf(application) }
}

/** Notes the owner in an engine, as far as it is known. */
export function ownerOperations(owner: EngineOwner): EngineOperation[] {
  const noted = (key: Uint8Array, id: string | null): EngineOperation[] =>
    id === null ? [] : [{ key, value: encodeUtf8(id) }]
  return [...noted(clusterKey, owner.cluster), ...noted(applicationKey, owner.application)]
}

/** Notes the layout in a new engine. */
export function layoutOperation(layout: string): EngineOperation {
  return { key: layoutKey, value: encodeUtf8(layout) }
}

function positionKey(topic: string, partition: number): Uint8Array {
  const name = encodeUtf8(topic)
  const key = new Uint8Array(3 + name.length + 5)
  key.set(ownPrefix)
  key[2] = positionMark
  key.set(name, 3)
  new DataView(key.buffer).setInt32(key.length - 4, partition)
  return key
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
