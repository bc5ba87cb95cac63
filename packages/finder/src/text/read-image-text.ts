import { type Digest, ImageError, isDigest, parseDockerReference, type TransportRegistry } from '@crossdock/core'
import { hasAppcLabels } from './appc-labels.ts'
import { checkNoBlanks, checkText } from './check-text.ts'
import { parseCimd } from './cimd.ts'
import { pathOfFileUrl } from './file-url.ts'
import { invalidText, noReference, withoutQuery } from './refusal.ts'
import { typedPath } from './typed-path.ts'

/** What a person typed, read. */
export type ImageText =
  /** The ID of an App Container Image, `sha512-` and 128 hexadecimal digits, or its beginning with two digits or more. */
  | { readonly kind: 'image-id'; readonly prefix: string }
  | { readonly kind: 'digest'; readonly digest: Digest }
  /** `TRANSPORT:REFERENCE` of a transport that there is; the reference is not checked. */
  | { readonly kind: 'name'; readonly name: string }
  /** A Docker reference without a transport: whoever calls decides what it belongs to. */
  | { readonly kind: 'bare'; readonly text: string }
  /** The absolute path of a file or folder, which need not be there. */
  | { readonly kind: 'path'; readonly path: string }

export interface ReadTextOptions {
  /** Knows the transports there are, and says so of one that there is not. */
  readonly registry: Pick<TransportRegistry, 'get' | 'parse'>
  /** What relative paths begin at. Default: the working folder. */
  readonly folder?: string | undefined
}

/**
 * Reads what a person typed, by its form alone: nothing is looked up. Throws `INVALID_REFERENCE` for what is none of the forms, `UNKNOWN_TRANSPORT` for what
 * would be an image name if there were that transport.
 */
export function readImageText(text: string, { registry, folder = process.cwd() }: ReadTextOptions): ImageText {
  checkText(text)
  if (/^sha512-/i.test(text)) return { kind: 'image-id', prefix: imageId(text) }
  if (isDigest(text)) return { kind: 'digest', digest: text }
  const path = typedPath(text, folder)
  if (path !== undefined) return { kind: 'path', path }
  return readWithPrefix(text, registry) ?? readBare(text, registry)
}

type Registry = ReadTextOptions['registry']

function imageId(text: string): string {
  if (/^sha512-[0-9a-f]{2,128}$/.test(text)) return text
  throw invalidText(text, 'an image ID is sha512- and 2 to 128 lower-case hexadecimal digits; a file is ./sha512-…')
}

/** What begins with the name of a transport, or with what stands for one; undefined if it need not. */
function readWithPrefix(text: string, registry: Registry): ImageText | undefined {
  const [, prefix, rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text) ?? []
  if (prefix === undefined) return undefined
  const transport = prefix.toLowerCase()
  if (transport === 'file') return { kind: 'path', path: pathOfFileUrl(text) }
  if (transport === 'cimd') return readCimd(text, registry)
  if (transport === 'docker' && !rest.startsWith('//')) return dockerName(rest, registry)
  if (registry.get(transport) !== undefined) return { kind: 'name', name: `${transport}:${rest}` }
  if (rest.startsWith('//')) refuseTransport(text, registry)
  if (/^sha(?:256|512)$/.test(transport)) {
    throw invalidText(text, 'a digest is sha256: with 64 or sha512: with 128 lower-case hexadecimal digits')
  }
  return undefined
}

function readCimd(text: string, registry: Registry): ImageText {
  const cimd = parseCimd(text)
  if (cimd.type === 'appc') return named(`appc:${cimd.uri}`, registry)
  if (cimd.type === 'docker') return dockerName(cimd.reference, registry)
  checkText(cimd.url)
  return readWithPrefix(cimd.url, registry) ?? refuseTransport(cimd.url, registry)
}

/** `docker:REFERENCE` is how rkt writes `docker://REFERENCE`, too. Throws `INVALID_REFERENCE`. */
function dockerName(reference: string, registry: Registry): ImageText {
  if (!isDockerReference(reference)) throw noReference(reference)
  return named(`docker://${reference}`, registry)
}

function named(name: string, registry: Registry): ImageText {
  if (registry.get(name.slice(0, name.indexOf(':'))) === undefined) refuseTransport(name, registry)
  return { kind: 'name', name }
}

function readBare(text: string, registry: Registry): ImageText {
  checkNoBlanks(text)
  if (isDockerReference(text)) return { kind: 'bare', text }
  if (hasAppcLabels(text)) return named(`appc:${text}`, registry)
  if (isLikeTransport(text)) refuseTransport(text, registry)
  throw noReference(text)
}

function isDockerReference(text: string): boolean {
  try {
    parseDockerReference(text)
    return true
  } catch (reason) {
    if (reason instanceof ImageError) return false
    throw reason
  }
}

/** A port follows a host, and what leads to an "@" may be a secret. */
function isLikeTransport(text: string): boolean {
  return /^[a-z][a-z0-9-]*:(?![0-9]+\/)/i.test(text) && !/^[^/]*(?:@|%40)/.test(text)
}

/** Throws `UNKNOWN_TRANSPORT` as the registry does. */
function refuseTransport(name: string, registry: Registry): never {
  registry.parse(withoutQuery(name))
  throw invalidText(name, 'its transport is not known')
}
