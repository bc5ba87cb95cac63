import { ImageError, quoteForeign } from '@crossdock/core'
import { findNodeAtLocation, type Node, parseTree, type ParseError, printParseErrorCode } from 'jsonc-parser'
import { type ConfigDocument, decodeText, type DocumentPath, textPlaces } from './config-document.ts'

/** Deeper documents are refused: nobody writes one, and whoever walks it would run out of stack. */
const MAX_DEPTH = 64

export interface StrictJsonOptions {
  /** What the document is, for messages: the path of its file. */
  readonly what: string
  readonly maxBytes: number
}

export type JsonPath = DocumentPath

/** Objects have no prototype, so that a key means itself and nothing else. */
export type StrictJson = ConfigDocument

/**
 * Reads a document that decides about trust or secrets: RFC 8259 without extensions, UTF-8, no byte order mark, nothing behind the value, no key
 * twice in one object (JSON readers differ in which one they take), bounded size and depth. No value of the document is quoted in
 * messages: it may be a secret.
 *
 * Throws `INVALID_DATA` with line and column, and `LIMIT_EXCEEDED`.
 */
export function readStrictJson(bytes: Uint8Array, { what, maxBytes }: StrictJsonOptions): StrictJson {
  const where = quoteForeign(what)
  if (bytes.byteLength > maxBytes) {
    throw new ImageError('LIMIT_EXCEEDED', `${where} has ${bytes.byteLength} bytes; at most ${maxBytes} are read`)
  }
  const text = decodeText(bytes, what)
  const places = textPlaces(text)
  const at = (offset: number, reason: string): ImageError =>
    new ImageError('INVALID_DATA', `${where}:${places.place(offset)}: ${reason}`)
  if (text.startsWith('\uFEFF')) throw at(0, 'it begins with a byte order mark, which JSON does not allow')
  if (deepest(text) > MAX_DEPTH) {
    throw new ImageError('LIMIT_EXCEEDED', `${where} is nested more than ${MAX_DEPTH} levels deep`)
  }
  const root = parse(text, at)
  const value = valueOf(root, at)
  return {
    value,
    line: (path) => places.line(nearest(root, path).offset),
    error: (path, reason) => at(nearest(root, path).offset, reason),
  }
}

type ErrorAt = (offset: number, reason: string) => ImageError

/** Brackets that are open at once; those in strings do not count. */
function deepest(text: string): number {
  let depth = 0
  let most = 0
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"?|[[\]{}]/gs)) {
    if (token === '[' || token === '{') most = Math.max(most, ++depth)
    else if (token === ']' || token === '}') depth -= 1
  }
  return most
}

/** The tree says where everything stands; `JSON.parse` has the last word on what is JSON. */
function parse(text: string, at: ErrorAt): Node {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false })
  const [first] = errors
  if (first !== undefined) throw at(first.offset, `it is not JSON: ${printParseErrorCode(first.error)}`)
  try {
    JSON.parse(text)
  } catch {
    throw at(0, 'it is not JSON')
  }
  if (root === undefined) throw at(0, 'it is not JSON: it is empty')
  return root
}

function valueOf(node: Node, at: ErrorAt): unknown {
  const { children = [] } = node
  if (node.type === 'array') return children.map((child) => valueOf(child, at))
  if (node.type !== 'object') return node.value as unknown
  const object: { [key: string]: unknown } = { __proto__: null }
  for (const property of children) {
    const [key, value] = property.children ?? []
    if (key === undefined || value === undefined) throw at(property.offset, 'it is not JSON: a key has no value')
    const name = String(key.value)
    if (Object.hasOwn(object, name)) throw at(key.offset, `the key "${quoteForeign(name, 100)}" occurs twice`)
    object[name] = valueOf(value, at)
  }
  return object
}

function nearest(root: Node, path: JsonPath): Node {
  for (let length = path.length; length > 0; length -= 1) {
    const node = findNodeAtLocation(root, path.slice(0, length))
    if (node !== undefined) return node
  }
  return root
}
