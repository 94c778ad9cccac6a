/** Wire vectors of the small codecs: murmur2 and partitions, CRC-32C, varints. */
import {
  crc32c,
  crc32cTables,
  murmur2,
  partitionForKey,
  VarintCursor,
  writeVarint,
  writeVarint64,
  writeVarlong,
} from '@millrace/protocol/internal'
import { ByteWriter, ByteReader } from '@millrace/protocol/internal'
import { byteDifference, bytesOf, difference, type Json, type JsonObject, objectAt } from './wire-case.ts'

/** `{key, murmur2, partition: {count: partition}}` */
export function checkPartition(vector: JsonObject): string | null {
  const key = bytesOf(vector['key'])
  const wanted = objectAt(vector, 'partition')
  const partition = Object.fromEntries(Object.keys(wanted).map((count) => [count, partitionForKey(key, Number(count))]))
  return difference(pick(vector, ['murmur2', 'partition']), { murmur2: murmur2(key), partition })
}

/** `{hex, crc32c}`, by the native code if it is there and by the tables. */
export function checkCrc32c(vector: JsonObject): string | null {
  const bytes = bytesOf(vector['hex'])
  const wanted = vector['crc32c']
  return difference(wanted, crc32c(bytes)) ?? difference(wanted, crc32cTables(bytes), 'by tables')
}

/** `{value, varlong, varint?, unsignedVarint?}` */
export function checkVarint(vector: JsonObject): string | null {
  const value = BigInt(vector['value'] as string)
  const number = Number(value)
  const wanted = vector['varlong']
  let found = byteDifference(
    wanted,
    written((bytes) => writeVarint64(bytes, 0, value)),
  )
  found ??= difference(String(value), String(new VarintCursor(bytesOf(wanted)).varint64()), 'varint64')
  found ??= difference(number, new VarintCursor(bytesOf(wanted)).varlong(), 'varlong')
  if (Number.isSafeInteger(number)) {
    found ??= byteDifference(
      wanted,
      written((bytes) => writeVarlong(bytes, 0, number)),
    )
  }
  const varint = vector['varint']
  if (varint !== undefined) {
    found ??= byteDifference(
      varint,
      written((bytes) => writeVarint(bytes, 0, number)),
    )
    found ??= difference(number, new VarintCursor(bytesOf(varint)).varint(), 'varint')
  }
  const unsigned = vector['unsignedVarint']
  if (unsigned !== undefined) {
    const writer = new ByteWriter()
    writer.uvarint(number)
    found ??= byteDifference(unsigned, writer.take())
    found ??= difference(number, new ByteReader(bytesOf(unsigned)).uvarint(), 'unsigned varint')
  }
  return found
}

function written(write: (bytes: Uint8Array) => number): Uint8Array {
  const bytes = new Uint8Array(10)
  return bytes.subarray(0, write(bytes))
}

function pick(vector: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.map((key) => [key, vector[key] as Json]))
}
