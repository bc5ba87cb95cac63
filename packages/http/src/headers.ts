import type { HttpHeaders } from './http.ts'

/** Headers from a flat list of names and values as they came over the wire. */
export function createHeaders(raw: readonly (Uint8Array | string)[]): HttpHeaders {
  const values = new Map<string, string[]>()
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = text(raw[index]).toLowerCase()
    const list = values.get(name)
    if (list === undefined) values.set(name, [text(raw[index + 1])])
    else list.push(text(raw[index + 1]))
  }
  return {
    get: (name) => values.get(name.toLowerCase())?.join(', '),
    all: (name) => values.get(name.toLowerCase()) ?? [],
  }
}

function text(value: Uint8Array | string | undefined): string {
  if (value === undefined || typeof value === 'string') return value ?? ''
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')
}
