/**
 * Serdes that operators use by themselves: for the buffers of `suppress` and of joins with grace, and for the keys and
 * hashes of foreign-key joins. Stores and sinks have their own way with a value of the wrong type.
 *
 * A wrong type here is a mistake of the topology, not of the record. As in Kafka (whose processor nodes let a
 * ClassCastException through) the operator's own node does not ask the processing handler: the node above it does, and
 * directly below a source or a cached store the task fails. So such an operator never drops all of its input in silence.
 */
import { StreamsError } from '../errors.ts'
import type { Headers } from '../record/headers.ts'
import type { Serde } from './serde.ts'

/** A wrong type that an operator's own serde met; the node that runs the operator makes an MR_OPERATOR_SERDE of it. */
export class SerdeMisfit extends Error {
  override readonly name = 'SerdeMisfit'
  /** The store, or what else the serde is for. */
  readonly owner: string

  constructor(owner: string, cause: Error) {
    super(cause.message, { cause })
    this.owner = owner
  }
}

/**
 * The same serde, with wrong types (MR_SERDE_TYPE) marked as the operator's own.
 *
 * @param owner what it is for, for the error
 * @throws {SerdeMisfit} from `serialize`, in place of MR_SERDE_TYPE
 */
export function ownSerde<T>(serde: Serde<T>, owner: string): Pick<Serde<T>, 'serialize' | 'deserialize'> {
  return {
    serialize(value: T, topic?: string, headers?: Headers): Uint8Array {
      try {
        return serde.serialize(value, topic, headers)
      } catch (thrown) {
        const isMisfit = thrown instanceof StreamsError && thrown.code === 'MR_SERDE_TYPE'
        throw isMisfit ? new SerdeMisfit(owner, thrown) : thrown
      }
    },
    deserialize: (bytes: Uint8Array, topic?: string, headers?: Headers): T => serde.deserialize(bytes, topic, headers),
  }
}
