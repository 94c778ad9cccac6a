/**
 * How much a stream loop does before it looks at the clock, and before it goes on to the next task.
 *
 * The clock is read once per piece of a few records, never per record while records are cheap. A piece that took long
 * shrinks to what fits into a turn of the loop, down to one record; pieces that take no time grow, up to 32, so that user
 * code which becomes slow from one record to the next holds the loop up for 32 records once, and not again: after half a
 * second or more, pieces grow again only when 64 times that time has passed. Rejoining the group and reading the same
 * records anew is shorter than that, so what cost the session once does not cost it for ever.
 *
 * Nothing grows by rounds that processed nothing: an idle application learns nothing about its user code.
 */

/** Time the loop works before the event loop gets a turn, ms. */
export const turnMs = 10

const recordsFirst = 64
const recordsMax = 8_192
const pieceMax = 32
const pieceShortMs = turnMs / 4
const roundShortMs = 5
const roundLongMs = 20
const stallMs = 500
const stallMemory = 64

export class WorkPace {
  /** Most records that a task may process in one round. */
  recordsPerTask: number = recordsFirst
  /** Most records to process before the clock is read. */
  piece: number = 1
  #growsAtMs: number = -Infinity

  /** After a piece of `done` records: it is `nowMs` (monotonic), `tookMs` later. */
  notePiece(done: number, nowMs: number, tookMs: number): void {
    if (tookMs > turnMs) {
      this.piece = Math.max(1, Math.min(this.piece, Math.floor((done * turnMs) / tookMs)))
      if (tookMs >= stallMs) this.#growsAtMs = nowMs + tookMs * stallMemory
    } else if (done >= this.piece && tookMs < pieceShortMs && nowMs >= this.#growsAtMs) {
      this.piece = Math.min(pieceMax, this.piece * 2)
    }
  }

  /** After a round. @param isFull some task processed all that it might */
  noteRound(tookMs: number, isFull: boolean): void {
    if (tookMs > roundLongMs) this.recordsPerTask = Math.max(1, this.recordsPerTask >> 1)
    else if (isFull && tookMs < roundShortMs) this.recordsPerTask = Math.min(recordsMax, this.recordsPerTask * 2)
  }
}
