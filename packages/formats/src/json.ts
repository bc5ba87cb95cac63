import { ImageError, quoteForeign } from '@crossdock/core'

/** Nesting beyond this is no manifest, and would overflow the stack of whoever walks it. */
const MAX_DEPTH = 128

export interface JsonDocumentOptions {
  /** What the document is, for messages: `manifest sha256:0123456789ab`. */
  readonly what: string
  readonly maxBytes: number
}

/**
 * Reads one JSON document strictly: UTF-8 without a byte order mark or replaced bytes, nothing after the value, bounded in
 * size and depth. Of a key that occurs twice the last one counts, as in the JSON readers of the field's other programs.
 *
 * Throws `LIMIT_EXCEEDED` and `INVALID_DATA`.
 */
export function parseJsonDocument(bytes: Uint8Array, options: JsonDocumentOptions): unknown {
  return parseText(decodeDocument(bytes, options), options.what)
}

/** As {@link parseJsonDocument}, but a number keeps its digits when the value is written out again. */
export function parseJsonToRewrite(bytes: Uint8Array, options: JsonDocumentOptions): unknown {
  return parseText(decodeDocument(bytes, options), options.what, keepNumbers)
}

/** An object's own member; undefined if it has none, whatever its prototype has. */
export function member(object: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(object, key)?.value
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a value is, in the words of JSON. */
export function typeName(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function decodeDocument(bytes: Uint8Array, { what, maxBytes }: JsonDocumentOptions): string {
  if (bytes.byteLength > maxBytes) {
    throw new ImageError('LIMIT_EXCEEDED', `${what} has ${bytes.byteLength} bytes; at most ${maxBytes} are read`)
  }
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new ImageError('INVALID_DATA', `${what} begins with a byte order mark, which JSON does not allow`)
  }
  if (depthExceeds(bytes, MAX_DEPTH)) {
    throw new ImageError('LIMIT_EXCEEDED', `${what} is nested more than ${MAX_DEPTH} levels deep`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
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

/** By way of "JSON.parse source text access"; a runtime without it rounds integers beyond 2^53. */
function keepNumbers(this: unknown, _key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source
  if (typeof value !== 'number' || source === undefined || String(value) === source) return value
  const rawJson: unknown = Reflect.get(JSON, 'rawJSON') // the type library does not have it yet
  return typeof rawJson === 'function' ? Reflect.apply(rawJson, JSON, [source]) : value
}

/** Counts brackets outside strings; on UTF-8 bytes, since no byte of a multi-byte character looks like ASCII. */
function depthExceeds(bytes: Uint8Array, max: number): boolean {
  let depth = 0
  let inString = false
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]
    if (inString) {
      if (byte === BACKSLASH) index++
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth++
      if (depth > max) return true
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--
  }
  return false
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
