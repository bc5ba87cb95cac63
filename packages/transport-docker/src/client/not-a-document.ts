import { ImageError } from '@crossdock/core'
import { parseJsonDocument, typeName } from '@crossdock/formats'
import { type HttpResponse, redactText } from '@crossdock/http'

const OPENING = '{'.charCodeAt(0)
const CLOSING = '}'.charCodeAt(0)

/** What came instead of a manifest, in words, if that can be seen without reading it. `type` is the media type alone. */
export function notADocument(bytes: Uint8Array, response: HttpResponse, type: string): string | undefined {
  const first = bytes.find((byte) => !isBlank(byte))
  const last = bytes.findLast((byte) => !isBlank(byte))
  if (isPage(type)) return shown('a web page', { bytes, response, type })
  if (first === undefined) return shown('empty', { bytes, response, type })
  if (first !== OPENING) return shown('no manifest', { bytes, response, type })
  return last === CLOSING ? undefined : shown('cut off', { bytes, response, type })
}

export function isPage(type: string): boolean {
  return type === 'text/html' || type === 'application/xhtml+xml'
}

function isBlank(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13)
}

interface Shown {
  readonly bytes: Uint8Array
  readonly response: HttpResponse
  readonly type: string
}

function shown(kind: string, { bytes, response: { status, secrets }, type }: Shown): string {
  const text = new TextDecoder().decode(bytes.subarray(0, 200)).replace(/\s+/g, ' ')
  const begins = text === '' ? '' : `, "${redactText(text, { max: 120, secrets })}"`
  const about = `status ${status}, ${type === '' ? 'no type' : type}, ${bytes.byteLength} bytes${begins}`
  return `the answer is ${kind} (${about})${isPage(type) || text === '' ? '' : `: ${reasonOf(bytes)}`}`
}

function reasonOf(bytes: Uint8Array): string {
  try {
    const value = parseJsonDocument(bytes, { what: 'it', maxBytes: bytes.byteLength })
    return `it must be an object, but is ${typeName(value)}`
  } catch (error) {
    if (error instanceof ImageError) return error.message
    throw error
  }
}
