/**
 * What happened in a run, as one number: every yield point with its time and process is mixed in. Two runs of a seed that
 * differ anywhere differ here, which is how a use of real time or real chance is found out.
 */
export class Trace {
  /** Lines of the run; only kept when asked for. */
  readonly lines: string[] | null
  private low = 0x811c9dc5
  private high = 0x9e3779b9

  /** @param keep also keep the lines, for reading and for comparing two runs */
  constructor(keep = false) {
    this.lines = keep ? [] : null
  }

  /** Mixes in what happened. */
  note(atMs: number, who: string, what: string): void {
    this.mix(Math.round(atMs * 1024) | 0)
    for (let i = 0; i < who.length; i++) this.mix(who.charCodeAt(i))
    for (let i = 0; i < what.length; i++) this.mix(what.charCodeAt(i))
    this.lines?.push(`${atMs.toFixed(3)} ${who}: ${what}`)
  }

  /** Mixes in bytes, e.g. of a request. */
  bytes(bytes: Uint8Array): void {
    this.mix(bytes.length)
    for (const byte of bytes) this.low = Math.imul(this.low ^ byte, 0x01000193)
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    return (this.high >>> 0).toString(16).padStart(8, '0') + (this.low >>> 0).toString(16).padStart(8, '0')
  }

  private mix(value: number): void {
    this.low = Math.imul(this.low ^ value, 0x01000193)
    this.high = Math.imul(this.high ^ this.low, 0x85ebca6b) + value
  }
}
