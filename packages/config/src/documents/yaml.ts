import { ImageError, quoteForeign } from '@crossdock/core'
import type { Document, Node } from 'yaml'
import { type ConfigDocument, decodeText, type DocumentPath, lineOf, placeOf } from './config-document.ts'
import { nearestPlace } from './nearest-place.ts'

/** How often nodes may be repeated by aliases altogether. */
const MAX_ALIASES = 100
/** Deeper documents are refused before the library, which recurses, sees them. */
const MAX_OPEN = 64

/**
 * Reads a YAML file with one document, in which no key occurs twice in one table and aliases repeat little. Throws `INVALID_DATA`,
 * `FILE:LINE:COLUMN: reason`, and `LIMIT_EXCEEDED`.
 */
export async function readYaml(bytes: Uint8Array, what: string): Promise<ConfigDocument> {
  const text = decodeText(bytes, what).replace(/^\uFEFF/, '')
  const fail = (offset: number, reason: string): ImageError =>
    new ImageError('INVALID_DATA', `${quoteForeign(what)}:${placeOf(text, offset)}: ${reason}`)
  if (isDeep(text)) throw new ImageError('LIMIT_EXCEEDED', `${quoteForeign(what)} is nested too deeply`)
  const { parseDocument } = await import('yaml')
  const document = parseDocument(text, { merge: true, uniqueKeys: true, prettyErrors: false, logLevel: 'silent' })
  const [problem] = document.errors
  if (problem !== undefined) throw fail(problem.pos[0], `it is not YAML: ${quoteForeign(problem.message, 200)}`)
  return {
    value: valueOf(document, fail),
    line: (path) => lineOf(text, offsetOf(document, path)),
    error: (path, reason) => fail(offsetOf(document, path), reason),
  }
}

function valueOf(document: Document.Parsed, fail: (offset: number, reason: string) => ImageError): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw fail(0, `it cannot be read: ${quoteForeign(reason, 200)}`)
  }
}

/** Brackets, or steps of indentation, beyond what anybody writes. */
function isDeep(text: string): boolean {
  let open = 0
  for (const [bracket] of text.matchAll(/[[\]{}]|^ {256}|^(?:[-?:][ \t]+){64}/gm)) {
    if (bracket.length > 1) return true
    open += bracket === '[' || bracket === '{' ? 1 : -1
    if (open > MAX_OPEN) return true
  }
  return false
}

function offsetOf(document: Document.Parsed, path: DocumentPath): number {
  return nearestPlace(path, (part) => keyOffset(document, part)) ?? 0
}

/** Where the key of a value stands, else the value itself. */
function keyOffset(document: Document.Parsed, path: DocumentPath): number | undefined {
  const parent: unknown = document.getIn(path.slice(0, -1), true)
  const name = path.at(-1)
  if (isMapping(parent)) {
    const pair = parent.items.find(({ key }) => isNode(key) && 'value' in key && key.value === name)
    return isNode(pair?.key) ? pair.key.range?.[0] : undefined
  }
  const node: unknown = document.getIn(path, true)
  return isNode(node) ? node.range?.[0] : undefined
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'range' in value
}

function isMapping(value: unknown): value is { readonly items: readonly { readonly key: unknown }[] } {
  return isNode(value) && 'items' in value && Array.isArray(value.items) && value.items.every(isPair)
}

function isPair(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'key' in value
}
