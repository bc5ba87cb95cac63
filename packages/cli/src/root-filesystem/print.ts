import { raceSignal, recycle } from '@crossdock/streams'
import type { Call } from '../endpoints.ts'
import { formatJson } from '../output/json.ts'

/** Text is printed together, once it has so many characters. */
const PRINT_CHARACTERS = 64 * 1024

/** To stdout. A reader that does not read must not keep the command from ending. */
export async function printBytes(body: AsyncIterable<Uint8Array>, { invocation, operation }: Call): Promise<void> {
  // Another stream may keep what it was given.
  const isSystems = invocation.terminal.stdout === process.stdout
  for await (const chunk of body) {
    await raceSignal(invocation.print(chunk), operation.signal)
    if (isSystems) recycle(chunk)
  }
}

/** To stdout, as the pieces come. */
export async function printText(pieces: Iterable<string>, { invocation, operation }: Call): Promise<void> {
  let text = ''
  for (const piece of pieces) {
    text += piece
    if (text.length < PRINT_CHARACTERS) continue
    await raceSignal(invocation.print(text), operation.signal)
    text = ''
  }
  if (text !== '') await raceSignal(invocation.print(text), operation.signal)
}

/** A JSON array, a value a line. */
export function* jsonLines(values: Iterable<object>): Generator<string> {
  let separator = '[\n'
  for (const value of values) {
    yield `${separator}  ${formatJson(value)}`
    separator = ',\n'
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n'
}

/** What becomes of each value, when it is asked for. */
export function* each<From, To>(values: Iterable<From>, change: (value: From) => To): Generator<To> {
  for (const value of values) yield change(value)
}
