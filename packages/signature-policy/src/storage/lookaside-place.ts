import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type Digest,
  digestAlgorithm,
  digestEncoded,
  type DockerReference,
  ImageError,
  isDigest,
  quoteForeign,
  repositoryName,
} from '@crossdock/core'

/** Where the signatures of one manifest lie. */
export type LookasidePlace = FolderPlace | WebPlace

/** A folder with the files `signature-1`, `signature-2` and so on. */
export interface FolderPlace {
  readonly kind: 'folder'
  readonly folder: string
}

export interface WebPlace {
  readonly kind: 'web'
  /** The URL of the signature of this number, from 1. */
  url(number: number): URL
}

/**
 * `BASE/REPOSITORY@sha256=HEX`, as containers-registries.d(5) has it: the host of the image is no part of it. Throws `INVALID_DATA` for a base that is
 * no URL of a folder or a web server, and for names that would lead elsewhere.
 */
export function lookasidePlace(base: string, image: DockerReference, manifest: Digest): LookasidePlace {
  const fail = (problem: string): ImageError =>
    new ImageError('INVALID_DATA', `the place of the signatures of ${repositoryName(image)} ${problem}`)
  const components = image.path.split('/')
  if (!components.every((component) => COMPONENT.test(component)) || !isDigest(manifest)) {
    throw fail(`cannot be told from the name "${quoteForeign(`${image.path}@${manifest}`, 200)}"`)
  }
  const last = `${components.at(-1)}@${digestAlgorithm(manifest)}=${digestEncoded(manifest)}`
  const names = [...components.slice(0, -1), last]
  const url = URL.parse(base)
  if (url === null) throw fail('is no URL: write file:///PATH or https://HOST/PATH')
  if (url.username !== '' || url.password !== '')
    throw fail('has a user name or password in its URL, where none may be')
  if (url.protocol === 'file:') return { kind: 'folder', folder: join(folderOf(url, fail), ...names) }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw fail(`is a "${quoteForeign(url.protocol, 40)}" URL: write file:///PATH or https://HOST/PATH`)
  }
  return { kind: 'web', url: (number) => below(url, [...names, `signature-${number}`]) }
}

/** Lower case, digits and separators, as in every repository's name: neither `.` nor `..`, nor anything that a URL or a path would read otherwise. */
const COMPONENT = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*$/

function folderOf(url: URL, fail: (problem: string) => ImageError): string {
  try {
    return fileURLToPath(url)
  } catch {
    throw fail('is a file URL that names no folder here: write file:///PATH')
  }
}

function below(base: URL, names: readonly string[]): URL {
  const url = new URL(base)
  url.pathname = [url.pathname.replace(/\/+$/, ''), ...names].join('/')
  return url
}
