/** Bytes of the archive that are needed to go on. Positions never go back. */
export interface Need {
  readonly position: number
  readonly bytes: number
}

/**
 * A part of reading that asks for bytes and goes on when it is given them: fewer than it asked for only if the archive ends. One
 * reader of headers so serves archives that are streamed and archives that are read in place. What it is given is valid until
 * it asks again.
 */
export type Steps<Value> = Generator<Need, Value, Uint8Array>
