import { ImageError } from '@crossdock/core'
import { escapeHtml } from './go-text.ts'
import { type JsonDocumentOptions, isObject, parseJsonDocument } from './json.ts'

/** A member of an object as it is written; the places are bytes of the document. */
export interface JsonMember {
  readonly key: string
  readonly valueStart: number
  /** Behind the value's last byte. */
  readonly valueEnd: number
}

/** The members of a document that is an object, in its order, each as it is written. */
export interface JsonMembers {
  readonly bytes: Uint8Array
  /** The same, as `parseJsonDocument` reads it. */
  readonly value: object
  readonly members: readonly JsonMember[]
}

/** Reads as strictly as `parseJsonDocument`, and throws `INVALID_DATA` besides unless the document is an object. */
export function readJsonMembers(bytes: Uint8Array, options: JsonDocumentOptions): JsonMembers {
  const value = parseJsonDocument(bytes, options)
  if (!isObject(value)) throw new ImageError('INVALID_DATA', `${options.what} is not an object`)
  return { bytes, value, members: [...membersOf(bytes)] }
}

/** The values by key, of a key that occurs twice the last, as Go copies a `RawMessage`: digits and escapes as they were. */
export function compactMembers({ bytes, members }: JsonMembers): Map<string, string> {
  const texts = new Map<string, string>()
  for (const { key, valueStart, valueEnd } of members) {
    texts.set(key, escapeHtml(decode(removeSpace(bytes.subarray(valueStart, valueEnd)))))
  }
  return texts
}

/** The document is known to be valid, so that quotes, brackets and commas say where everything is. */
function* membersOf(bytes: Uint8Array): Generator<JsonMember> {
  for (let index = bytes.indexOf(QUOTE); index >= 0;) {
    const keyEnd = endOfString(bytes, index) + 1
    const valueStart = skipSpace(bytes, bytes.indexOf(COLON, keyEnd) + 1)
    const valueEnd = endOfValue(bytes, valueStart)
    const key: unknown = JSON.parse(decode(bytes.subarray(index, keyEnd)))
    yield { key: String(key).toWellFormed(), valueStart, valueEnd }
    const next = skipSpace(bytes, valueEnd)
    index = bytes[next] === COMMA ? skipSpace(bytes, next + 1) : -1
  }
}

function skipSpace(bytes: Uint8Array, start: number): number {
  let index = start
  while (isSpace(bytes[index] ?? 0)) index++
  return index
}

function endOfValue(bytes: Uint8Array, start: number): number {
  const first = bytes[start] ?? 0
  if (first === QUOTE) return endOfString(bytes, start) + 1
  if (!isOpening(first)) return endOfWord(bytes, start)
  let depth = 0
  for (let index = start; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0
    if (byte === QUOTE) index = endOfString(bytes, index)
    else if (isOpening(byte)) depth++
    else if (isClosing(byte) && --depth === 0) return index + 1
  }
  return bytes.length
}

/** Of a number, true, false or null. */
function endOfWord(bytes: Uint8Array, start: number): number {
  let index = start
  while (index < bytes.length && !isEndOfWord(bytes[index] ?? 0)) index++
  return index
}

function isEndOfWord(byte: number): boolean {
  return byte === COMMA || isClosing(byte) || isSpace(byte)
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}

/** Without the white space between values. */
function removeSpace(bytes: Uint8Array): Uint8Array {
  const kept = new Uint8Array(bytes.length)
  let length = 0
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0
    if (isSpace(byte)) continue
    const end = byte === QUOTE ? endOfString(bytes, index) : index
    kept.set(bytes.subarray(index, end + 1), length)
    length += end + 1 - index
    index = end
  }
  return kept.subarray(0, length)
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let index = start + 1; index < bytes.length; index++) {
    if (bytes[index] === QUOTE) return index
    if (bytes[index] === BACKSLASH) index++
  }
  return bytes.length
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function isOpening(byte: number): boolean {
  return byte === 0x7b || byte === 0x5b
}

function isClosing(byte: number): boolean {
  return byte === 0x7d || byte === 0x5d
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
