import { type Digest, ImageError } from '@crossdock/core'
import type { HttpResponse } from '@crossdock/http'
import { namedUrl } from '../named-url.ts'

/**
 * Where an upload goes on: the `Location` of the answer, relative or absolute, with whatever query the registry keeps its state
 * in. Undefined if there is none.
 */
export function locationOf(response: HttpResponse): URL | undefined {
  const [location] = response.headers.all('location')
  if (location === undefined || location === '') return undefined
  const url = namedUrl(location, response.url)
  if (url === undefined) throw new ImageError('INVALID_DATA', `${response.url.host} sent a Location that is not a URL`)
  return url
}

/** The URL with one more parameter; what is there is not re-encoded, since it may be signed. */
export function withDigest(url: URL, digest: Digest): URL {
  const result = new URL(url)
  result.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(digest)}`
  return result
}

/**
 * How many bytes the registry has, by its `Range: 0-99` (distribution-spec, "Pushing a blob in chunks"). `0-0` is said of an empty
 * upload by many; what has one byte begins anew. Undefined if nothing is said.
 */
export function storedBytes(response: HttpResponse): number | undefined {
  const match = /^\s*(?:bytes[ =])?\s*0-(\d{1,16})\s*$/.exec(response.headers.get('range') ?? '')
  if (match === null) return undefined
  const end = Number(match[1])
  return end === 0 || !Number.isSafeInteger(end) ? 0 : end + 1
}
