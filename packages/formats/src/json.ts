import { ImageError, quoteForeign } from '@crossdock/core'

/** Nesting beyond this is no manifest, and would overflow the stack of whoever walks it. */
const MAX_DEPTH = 128
/** So many values stand in no document of these sizes, and they would take many times its size in memory. */
const MAX_VALUES = 2_000_000

export interface JsonDocumentOptions {
  /** What the document is, for messages: `manifest sha256:0123456789ab`. */
  readonly what: string
  readonly maxBytes: number
}

/**
 * Reads one JSON document strictly: UTF-8 without a byte order mark or replaced bytes, nothing after the value, bounded in
 * size, depth and number of values. Of a key that occurs twice the last one counts, as in the JSON readers of the field's other programs. A
 * number is what was written: an integer that JavaScript would round or spell otherwise comes as its text, see
 * {@link numberText}.
 *
 * Throws `LIMIT_EXCEEDED` and `INVALID_DATA`.
 */
export function parseJsonDocument(bytes: Uint8Array, options: JsonDocumentOptions): unknown {
  const { text, hasUnusualNumbers } = decodeDocument(bytes, options)
  return parseText(text, options.what, hasUnusualNumbers ? keepUnusualIntegers : undefined)
}

/** As {@link parseJsonDocument}, but every number keeps its digits when the value is written out again. */
export function parseJsonToRewrite(bytes: Uint8Array, options: JsonDocumentOptions): unknown {
  return parseText(decodeDocument(bytes, options).text, options.what, keepNumbers)
}

/** The text of a number of a document that is no JavaScript number, such as `2.0`; undefined for every other value. */
export function numberText(value: unknown): string | undefined {
  if (!isRawNumber(value)) return undefined
  const text = member(value, 'rawJSON')
  return typeof text === 'string' ? text : undefined
}

/** An object's own member; undefined if it has none, whatever its prototype has. */
export function member(object: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(object, key)?.value
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value)
}

/** What a value is, in the words of JSON. */
export function typeName(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (isRawNumber(value)) return 'a number'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

interface DecodedDocument {
  readonly text: string
  readonly hasUnusualNumbers: boolean
}

function decodeDocument(bytes: Uint8Array, { what, maxBytes }: JsonDocumentOptions): DecodedDocument {
  if (bytes.byteLength > maxBytes) {
    throw new ImageError('LIMIT_EXCEEDED', `${what} has ${bytes.byteLength} bytes; at most ${maxBytes} are read`)
  }
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new ImageError('INVALID_DATA', `${what} begins with a byte order mark, which JSON does not allow`)
  }
  const { depth, values, hasUnusualNumbers } = scan(bytes)
  if (depth > MAX_DEPTH) {
    throw new ImageError('LIMIT_EXCEEDED', `${what} is nested more than ${MAX_DEPTH} levels deep`)
  }
  if (values > MAX_VALUES) throw new ImageError('LIMIT_EXCEEDED', `${what} has more than ${MAX_VALUES} values`)
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), hasUnusualNumbers }
  } catch (cause) {
    throw new ImageError('INVALID_DATA', `${what} is not valid UTF-8`, { cause })
  }
}

function parseText(text: string, what: string, reviver?: Reviver): unknown {
  try {
    const value: unknown = JSON.parse(text, reviver)
    return value
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ImageError('INVALID_DATA', `${what} is not one JSON document: ${quoteForeign(reason, 200)}`, { cause })
  }
}

type Reviver = (this: unknown, key: string, value: unknown, context?: { readonly source?: string }) => unknown

/** "JSON.parse source text access", which the type library does not have yet. A runtime without it rounds integers beyond 2^53. */
const SOURCE_TEXT: JSON & { rawJSON?(text: string): object; isRawJSON?(value: unknown): boolean } = JSON

function keepNumbers(this: unknown, _key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source
  if (typeof value !== 'number' || source === undefined || String(value) === source) return value
  return SOURCE_TEXT.rawJSON?.(source) ?? value
}

function keepUnusualIntegers(
  this: unknown,
  key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  return Number.isInteger(value) || value === Infinity || value === -Infinity
    ? keepNumbers.call(this, key, value, context)
    : value
}

function isRawNumber(value: unknown): value is object {
  return SOURCE_TEXT.isRawJSON?.(value) === true
}

/** As many digits as every integer has that JavaScript holds exactly. */
const SAFE_DIGITS = 15

interface Shape {
  readonly depth: number
  /** Lists, objects and commas: no document has more than twice as many values. */
  readonly values: number
  /** Whether there is a number other than 0, 1, 2, … that JavaScript holds exactly. */
  readonly hasUnusualNumbers: boolean
}

/** Looks at what stands outside strings; on UTF-8 bytes, since no byte of a multi-byte character looks like ASCII. */
function scan(bytes: Uint8Array): Shape {
  let depth = 0
  let open = 0
  let values = 0
  let digits = 0
  let hasUnusualNumbers = false
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0
    if (isDigit(byte)) {
      digits++
      if (digits > SAFE_DIGITS) hasUnusualNumbers = true
      continue
    }
    if (byte === QUOTE) index = endOfString(bytes, index)
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      values++
      depth = Math.max(depth, ++open)
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) open--
    else if (byte === COMMA) values++
    else if (byte === DOT || byte === MINUS || (digits > 0 && isExponent(byte))) hasUnusualNumbers = true
    digits = 0
  }
  return { depth, values, hasUnusualNumbers }
}

/** Where the string that begins at `start` has its closing quote; the end of the document if it has none. */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let index = start + 1; index < bytes.length; index++) {
    if (bytes[index] === QUOTE) return index
    if (bytes[index] === BACKSLASH) index++
  }
  return bytes.length
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function isExponent(byte: number): boolean {
  return byte === 0x45 || byte === 0x65
}

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const DOT = 0x2e
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
