import { ImageError, quoteForeign } from '@crossdock/core'
import { type ConfigDocument, decodeText, type DocumentPath, textPlaces } from './config-document.ts'
import { nearestPlace } from './nearest-place.ts'
import { type TomlPlaces, placeKey, tomlPlaces } from './toml-places.ts'

/** Inline tables and lists within each other. */
const MAX_DEPTH = 32

/** Reads a TOML file. Throws `INVALID_DATA`, `FILE:LINE:COLUMN: reason`. */
export async function readToml(bytes: Uint8Array, what: string): Promise<ConfigDocument> {
  const text = decodeText(bytes, what)
  const { parse, TomlError } = await import('smol-toml')
  const lines = textPlaces(text)
  let places: TomlPlaces | undefined
  try {
    const value = parse(text, { maxDepth: MAX_DEPTH })
    const offsetOf = (path: DocumentPath): number => {
      const known = (places ??= tomlPlaces(text))
      return nearestPlace(path, (part) => known.get(placeKey(part))) ?? 0
    }
    return {
      value,
      line: (path) => lines.line(offsetOf(path)),
      error: (path, reason) =>
        new ImageError('INVALID_DATA', `${quoteForeign(what)}:${lines.place(offsetOf(path))}: ${reason}`),
    }
  } catch (cause) {
    const where = cause instanceof TomlError ? `:${cause.line}:${cause.column}` : ''
    const reason = cause instanceof Error ? firstLine(cause.message) : String(cause)
    const message = `${quoteForeign(what)}${where}: it is not TOML: ${quoteForeign(reason, 200)}`
    throw new ImageError('INVALID_DATA', message, { cause })
  }
}

/** Below it the library shows the lines around, which may hold what is nobody's business. */
function firstLine(message: string): string {
  return (message.split('\n', 1)[0] ?? '').replace(/^Invalid TOML document: /, '')
}
