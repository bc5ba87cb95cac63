import { WIRE, wireFailure } from '../network-error.ts'
import { headEnd, parseHead, type ResponseHead, UnsoundAnswer } from './response-head.ts'

const FIRST_BYTES = 16 * 1024
const MAX_BYTES = 64 * 1024
const MAX_INTERIM_ANSWERS = 20
const BEGINNING = Buffer.from('HTTP/1.')
const LINE_FEED = 10
const RETURN = 13

/** Receives the heads of answers, one answer after the other, up to the one that is no interim answer. */
export interface HeadReader {
  /** Where the next bytes are to be put; never empty. */
  room(): Uint8Array
  /** The bytes are in the room. Answers once a head is whole. Throws `UnsoundAnswer`, or that the head is too large. */
  add(bytes: number): WholeHead | undefined
  /** Whether anything of the answer came. */
  readonly begun: boolean
  /** For the next answer: what came of this one is forgotten. */
  reset(): void
}

export interface WholeHead {
  readonly head: ResponseHead
  /** What came behind the head. It is in the room, and lost when that is used again. */
  readonly rest: Uint8Array
}

export function createHeadReader(): HeadReader {
  let memory = Buffer.allocUnsafeSlow(FIRST_BYTES)
  let filled = 0
  let interim = 0
  let isStart = true

  function dropFront(bytes: number): void {
    memory.copyWithin(0, bytes, filled)
    filled -= bytes
  }

  function grow(): void {
    if (filled >= MAX_BYTES) throw wireFailure(WIRE.headTooLarge)
    const larger = Buffer.allocUnsafeSlow(MAX_BYTES)
    memory.copy(larger, 0, 0, filled)
    memory = larger
  }

  /** Some servers end a body with an empty line that does not belong to it (RFC 9112, 2.2): one is passed over. */
  function passStrayLine(): void {
    if (!isStart || (filled === 1 && memory[0] === RETURN)) return
    isStart = false
    if (memory[0] === LINE_FEED) dropFront(1)
    else if (memory[0] === RETURN && memory[1] === LINE_FEED) dropFront(2)
  }

  /** What does not begin like an answer is not waited for to end. */
  function checkBeginning(): void {
    if (isStart) return
    const length = Math.min(filled, BEGINNING.byteLength)
    if (memory.compare(BEGINNING, 0, length, 0, length) !== 0) throw new UnsoundAnswer('no status line')
  }

  return {
    room: () => memory.subarray(filled),
    add(bytes) {
      let from = Math.max(0, filled - 3)
      filled += bytes
      passStrayLine()
      checkBeginning()
      for (let end = headEnd(memory, from, filled); end > 0; end = headEnd(memory, from, filled)) {
        const head = parseHead(memory.toString('latin1', 0, end))
        if (head.status >= 200) return { head, rest: memory.subarray(end, filled) }
        interim += 1
        // Nobody asked for another protocol.
        if (head.status === 101 || interim > MAX_INTERIM_ANSWERS) throw new UnsoundAnswer('an answer that is none')
        dropFront(end)
        checkBeginning()
        from = 0
      }
      if (filled === memory.byteLength) grow()
      return undefined
    },
    get begun() {
      return filled > 0 || interim > 0
    },
    reset() {
      filled = 0
      interim = 0
      isStart = true
    },
  }
}
