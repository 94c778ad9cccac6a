/**
 * Where each leader epoch begins in one partition's log (KIP-101): answers OffsetForLeaderEpoch.
 *
 * Epochs are in the batch headers, so the list is rebuilt with the log.
 */

/** The epoch asked for, or the greatest below it, and the offset at which the next one begins. */
export interface EpochEnd {
  readonly epoch: number
  readonly endOffset: number
}

export class LeaderEpochs {
  readonly #epochs: number[] = []
  readonly #starts: number[] = []

  /** Takes note of a batch; epochs never go back. */
  note(epoch: number, offset: number): void {
    const last = this.#epochs[this.#epochs.length - 1]
    if (last !== undefined && epoch <= last) return
    this.#epochs.push(epoch)
    this.#starts.push(offset)
  }

  /** End of `epoch`, −1 and −1 when every known epoch is later. */
  endOf(epoch: number, log: { readonly currentEpoch: number; readonly endOffset: number }): EpochEnd {
    if (epoch === log.currentEpoch) return { epoch, endOffset: log.endOffset }
    if (epoch > log.currentEpoch) return { epoch: -1, endOffset: -1 }
    for (let i = this.#epochs.length - 1; i >= 0; i--) {
      const known = this.#epochs[i] as number
      if (known <= epoch) return { epoch: known, endOffset: this.#starts[i + 1] ?? log.endOffset }
    }
    const first = this.#starts[0]
    return first === undefined ? { epoch: -1, endOffset: -1 } : { epoch, endOffset: first }
  }

  /** Epoch of the record at `offset`, −1 when unknown. */
  at(offset: number): number {
    for (let i = this.#epochs.length - 1; i >= 0; i--) {
      if ((this.#starts[i] as number) <= offset) return this.#epochs[i] as number
    }
    return -1
  }

  /** The latest epoch in the log, −1 when there is none. */
  latest(): number {
    return this.#epochs[this.#epochs.length - 1] ?? -1
  }

  clear(): void {
    this.#epochs.length = 0
    this.#starts.length = 0
  }
}
