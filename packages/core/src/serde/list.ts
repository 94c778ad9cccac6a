/**
 * Lists as Kafka's ListSerializer writes them. Elements of fixed length (int16 … double, uuid) are packed, others carry
 * their length. All numbers are 4 bytes, big-endian.
 *
 * ```
 * packed:  0 │ number of nulls │ index of each null … │ size │ element …   (nulls take no bytes)
 * other:   1 │ size │ { length, −1 = null │ element } …
 * ```
 */
import { wrongFormat, wrongType } from './refusal.ts'
import type { Serde } from './serde.ts'

const packed = 0
const measured = 1

/** A list of elements; null elements are allowed when the inner serde is `nullable(…)`. */
export function list<T>(inner: Serde<T>): Serde<readonly T[]> {
  const name = `list(${inner.name})`
  const fixed = inner.fixedLength
  return {
    name,
    ...(inner.forKeys === undefined ? {} : { forKeys: () => list((inner.forKeys as () => Serde<T>)()) }),
    serialize(value, topic, headers) {
      if (!Array.isArray(value)) throw wrongType(name, 'an array', value)
      const parts = (value as readonly T[]).map((element) => {
        if (element !== null) return inner.serialize(element, topic, headers)
        if (inner.nullable !== true) throw wrongType(name, 'elements that are not null', null)
        return null
      })
      return fixed === undefined ? joinMeasured(parts) : joinPacked(parts, fixed)
    },
    deserialize(bytes, topic, headers) {
      const parts = new ListReader(name, bytes).read(fixed)
      return parts.map((part) => {
        if (part !== null) return inner.deserialize(part, topic, headers)
        if (inner.nullable !== true) throw wrongFormat(name, 'the list holds null; declare it with list(nullable(…))')
        return null as T
      })
    },
  }
}

function joinMeasured(parts: readonly (Uint8Array | null)[]): Uint8Array {
  let length = 5
  for (const part of parts) length += 4 + (part === null ? 0 : part.length)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  bytes[0] = measured
  view.setInt32(1, parts.length)
  let at = 5
  for (const part of parts) {
    view.setInt32(at, part === null ? -1 : part.length)
    at += 4
    if (part === null) continue
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function joinPacked(parts: readonly (Uint8Array | null)[], fixed: number): Uint8Array {
  const nulls = parts.flatMap((part, i) => (part === null ? [i] : []))
  const bytes = new Uint8Array(9 + 4 * nulls.length + fixed * (parts.length - nulls.length))
  const view = new DataView(bytes.buffer)
  bytes[0] = packed
  view.setInt32(1, nulls.length)
  nulls.forEach((index, i) => view.setInt32(5 + 4 * i, index))
  let at = 5 + 4 * nulls.length
  view.setInt32(at, parts.length)
  at += 4
  for (const part of parts) {
    if (part === null) continue
    bytes.set(part, at)
    at += fixed
  }
  return bytes
}

/** Cuts the bytes of a list into the bytes of its elements, checking every length before it is used. */
class ListReader {
  #at = 0
  readonly #name: string
  readonly #bytes: Uint8Array

  constructor(name: string, bytes: Uint8Array) {
    this.#name = name
    this.#bytes = bytes
  }

  read(fixed: number | undefined): (Uint8Array | null)[] {
    const form = this.#take(1)[0]
    if (form !== packed && form !== measured) throw wrongFormat(this.#name, `unknown list form ${form}`)
    if (form === packed && fixed === undefined)
      throw wrongFormat(this.#name, 'the list is packed, but its elements have no fixed length')
    const parts = form === packed ? this.#packed(fixed as number) : this.#measured()
    if (this.#at !== this.#bytes.length) throw wrongFormat(this.#name, 'there are bytes behind the list')
    return parts
  }

  #packed(fixed: number): (Uint8Array | null)[] {
    const nulls = new Set(Array.from({ length: this.#count(4) }, () => this.#int32()))
    const size = this.#int32()
    if (size < 0 || (size - nulls.size) * fixed > this.#bytes.length) throw this.#short()
    return Array.from({ length: size }, (_, i) => (nulls.has(i) ? null : this.#take(fixed)))
  }

  #measured(): (Uint8Array | null)[] {
    return Array.from({ length: this.#count(4) }, () => {
      const length = this.#int32()
      return length === -1 ? null : this.#take(length)
    })
  }

  /** A count of things that take at least `eachMin` bytes: refuses absurd ones before anything is allocated. */
  #count(eachMin: number): number {
    const count = this.#int32()
    if (count < 0 || count * eachMin > this.#bytes.length - this.#at) throw this.#short()
    return count
  }

  #int32(): number {
    const part = this.#take(4)
    return new DataView(part.buffer, part.byteOffset, 4).getInt32(0)
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length
    if (length < 0 || end > this.#bytes.length) throw this.#short()
    const part = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return part
  }

  #short(): Error {
    return wrongFormat(this.#name, 'a length points beyond the end of the bytes')
  }
}
