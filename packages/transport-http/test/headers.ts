import type { HttpHeaders, HttpResponse } from '@crossdock/http'

/** Headers of an answer. */
export function headersOf(values: Readonly<Record<string, string | readonly string[]>>): HttpHeaders {
  const all = (name: string): readonly string[] => [values[name.toLowerCase()] ?? []].flat()
  return { all, get: (name) => (all(name).length === 0 ? undefined : all(name).join(', ')) }
}

/** An answer without a body. */
export function responseOf(
  status: number,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
): HttpResponse {
  return {
    status,
    headers: headersOf(headers),
    url: new URL('https://example.com/a.tar'),
    body: (async function* () {})(),
    discard: () => Promise.resolve(),
  }
}
