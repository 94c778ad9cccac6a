/** Which machines cannot reach which nodes, and what waits for that to end. */

/** Something on its way. */
export interface Crossing {
  readonly machine: string
  readonly node: number
  readonly direction: 'request' | 'answer'
}

/** A partition while it lasts. */
export interface Partition {
  /** What was held up arrives, in its order. */
  end(): void
}

interface Held extends Partition {
  stops(crossing: Crossing): boolean
  readonly waiting: (() => void)[]
}

export class Partitions {
  private readonly all = new Set<Held>()

  /** @param oneWay requests arrive, answers do not */
  begin(machine: string, node: number, oneWay: boolean): Partition {
    const held: Held = {
      waiting: [],
      stops: (one) => one.machine === machine && one.node === node && (!oneWay || one.direction === 'answer'),
      end: () => {
        if (!this.all.delete(held)) return
        for (const pass of held.waiting) pass()
      },
    }
    this.all.add(held)
    return held
  }

  /** Keeps what crosses a partition; false when nothing stops it. */
  hold(crossing: Crossing, pass: () => void): boolean {
    for (const held of this.all) {
      if (!held.stops(crossing)) continue
      held.waiting.push(pass)
      return true
    }
    return false
  }

  endAll(): void {
    // a copy: `end` takes each out of the set
    for (const held of Array.from(this.all)) held.end()
  }
}
