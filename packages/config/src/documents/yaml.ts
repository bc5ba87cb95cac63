import { ImageError, quoteForeign } from '@crossdock/core'
import type { Document, Node, visit as Visit } from 'yaml'
import { type ConfigDocument, decodeText, type DocumentPath, textPlaces } from './config-document.ts'
import { nearestPlace } from './nearest-place.ts'

/** How often nodes may be repeated by aliases altogether. The library walks through the document for each. */
const MAX_ALIASES = 100
/** What people write has a hundredth of this. */
const MAX_BYTES = 128 * 1024
/** Deeper documents are refused before the library, which recurses, sees them. */
const MAX_OPEN = 64

/**
 * Reads a YAML file with one document, in which no key occurs twice in one table and aliases repeat little. Throws `INVALID_DATA`,
 * `FILE:LINE:COLUMN: reason`, and `LIMIT_EXCEEDED`.
 */
export async function readYaml(bytes: Uint8Array, what: string): Promise<ConfigDocument> {
  if (bytes.byteLength > MAX_BYTES) {
    throw new ImageError('LIMIT_EXCEEDED', `${quoteForeign(what)} has more than ${MAX_BYTES} bytes`)
  }
  const text = decodeText(bytes, what).replace(/^\uFEFF/, '')
  const places = textPlaces(text)
  const fail = (offset: number, reason: string): ImageError =>
    new ImageError('INVALID_DATA', `${quoteForeign(what)}:${places.place(offset)}: ${reason}`)
  if (isDeep(text)) throw new ImageError('LIMIT_EXCEEDED', `${quoteForeign(what)} is nested too deeply`)
  if ((text.match(/(?:^|[\s,[{])\*[^\s*]/g) ?? []).length > MAX_ALIASES) {
    throw new ImageError('LIMIT_EXCEEDED', `${quoteForeign(what)} has more than ${MAX_ALIASES} aliases`)
  }
  const { parseDocument, visit } = await import('yaml')
  const document = parseDocument(text, { merge: true, uniqueKeys: false, prettyErrors: false, logLevel: 'error' })
  const [problem] = document.errors
  if (problem !== undefined) throw fail(problem.pos[0], `it is not YAML: ${quoteForeign(problem.message, 200)}`)
  const twice = repeatedKey(document, visit)
  if (twice !== undefined) throw fail(twice, 'this key was there before')
  return {
    value: valueOf(document, (reason) => fail(wrongAlias(document, visit), reason)),
    line: (path) => places.line(offsetOf(document, path)),
    error: (path, reason) => fail(offsetOf(document, path), reason),
  }
}

function valueOf(document: Document.Parsed, fail: (reason: string) => ImageError): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw fail(`it cannot be read: ${quoteForeign(reason, 200)}`)
  }
}

/** Where the first key stands that its table has twice. The library's own check takes the square of the keys' number. */
function repeatedKey(document: Document.Parsed, visit: typeof Visit): number | undefined {
  let found: number | undefined
  visit(document, {
    Map: (_, map) => {
      const seen = new Set<unknown>()
      for (const { key } of map.items) {
        const name = keyName(key)
        if (seen.has(name) && isNode(key)) found ??= key.range?.[0]
        seen.add(name)
      }
      return found === undefined ? undefined : visit.BREAK
    },
  })
  return found
}

/** As tables have it: 1 and "1" are one key. */
function keyName(key: unknown): unknown {
  return isNode(key) && 'value' in key ? String(key.value) : key
}

/** Where the first alias stands that leads to nothing, else the first of all. */
function wrongAlias(document: Document.Parsed, visit: typeof Visit): number {
  let first: number | undefined
  let lost: number | undefined
  visit(document, {
    Alias: (_, alias) => {
      first ??= alias.range?.[0]
      if (alias.resolve(document) === undefined) lost ??= alias.range?.[0]
    },
  })
  return lost ?? first ?? 0
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
    const pair = parent.items.find(({ key }) => keyName(key) === String(name))
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
