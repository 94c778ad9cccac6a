/**
 * The checksums by which the output of a workload is judged: order does not matter, every byte does.
 *
 * Shapes: block(b) = 4-byte big-endian length, then the bytes (null: −1); a record's checksum is CRC-32 (IEEE) over
 * block(key) ‖ block(value), the sums are modulo 2^64. The table is the last value per key, tombstones delete.
 */
import { crc32Of } from './crc32.ts'

export interface OutputSummary {
  records: number
  checksum: bigint
  checksumTs: bigint
  tableKeys: number
  tableChecksum: bigint
}

const mask = (1n << 64n) - 1n

export class OutputChecksum {
  private records = 0
  private sum = 0n
  private sumTs = 0n
  private readonly table = new Map<string, number>()

  add(key: Uint8Array | null, value: Uint8Array | null, timestampMs: number): void {
    const bytes = Buffer.alloc(16 + (key?.length ?? 0) + (value?.length ?? 0))
    const at = block(bytes, value, block(bytes, key, 0))
    const crc = crc32Of(bytes.subarray(0, at))
    bytes.writeBigInt64BE(BigInt(timestampMs), at)
    this.records++
    this.sum += BigInt(crc)
    this.sumTs += BigInt(crc32Of(bytes.subarray(0, at + 8)))
    const name = Buffer.from(key ?? new Uint8Array()).toString('latin1')
    if (value === null) this.table.delete(name)
    else this.table.set(name, crc)
  }

  summary(): OutputSummary {
    let tableSum = 0n
    for (const crc of this.table.values()) tableSum += BigInt(crc)
    return {
      records: this.records,
      checksum: this.sum & mask,
      checksumTs: this.sumTs & mask,
      tableKeys: this.table.size,
      tableChecksum: tableSum & mask,
    }
  }
}

function block(into: Buffer, bytes: Uint8Array | null, at: number): number {
  into.writeInt32BE(bytes === null ? -1 : bytes.length, at)
  if (bytes !== null) into.set(bytes, at + 4)
  return at + 4 + (bytes?.length ?? 0)
}
