/** The same memory as a Uint8Array proper: a Buffer's `slice` and text methods differ, and two classes make reads slower. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
