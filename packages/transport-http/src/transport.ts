import {
  CONTRACT,
  type ImageReference,
  type ImageSource,
  type ImageTransport,
  type OperationOptions,
  type PolicyIdentity,
} from '@crossdock/core'
import { createSession } from './client/session.ts'
import { type HttpTransportOptions, resolveOptions } from './options.ts'
import {
  formatLocation,
  parseLocation,
  policyOf,
  type UrlLocation,
  type UrlScheme,
  validateScope,
} from './reference.ts'
import { listNames, type OpenOptions, openSource } from './source.ts'

/** An image in an archive behind a URL. */
export interface UrlReference extends ImageReference, UrlLocation {
  readonly transport: UrlTransport
  readonly policy: PolicyIdentity
  openSource(options?: OperationOptions): Promise<ImageSource>
  /** The names of all images in the archive. */
  tags(options?: OperationOptions): AsyncIterable<string>
}

export interface UrlTransport<Scheme extends UrlScheme = UrlScheme> extends ImageTransport<Scheme, UrlReference> {
  /**
   * The archive at a URL whose detached signature lies at another one than beside it, as a discovery page may say. The printed form does not tell where. Throws
   * `INVALID_REFERENCE`, for a URL of another scheme, too.
   */
  signedArchive(url: URL, signature: URL): UrlReference
  close(): Promise<void>
}

/**
 * `https:`, image archives behind URLs: downloaded once into a cache folder, then read in place. Throws `INVALID_DATA` for options that make no sense.
 */
export function httpsTransport(options: HttpTransportOptions = {}): UrlTransport<'https'> {
  return createTransport('https', options)
}

/** `http:`, the same without TLS: for loopback hosts, and others that the options say may be. */
export function httpTransport(options: HttpTransportOptions = {}): UrlTransport<'http'> {
  return createTransport('http', options)
}

function createTransport<Scheme extends UrlScheme>(name: Scheme, options: HttpTransportOptions): UrlTransport<Scheme> {
  const session = createSession(options, resolveOptions(options))
  const transport: UrlTransport<Scheme> = {
    '~transport': { contract: CONTRACT, vendor: '@crossdock/transport-http' },
    name,
    parseReference: (text) => createReference(transport, parseLocation(name, text), { session }),
    signedArchive: (url, signature) => {
      const text = url.protocol === `${name}:` ? url.href.slice(url.protocol.length) : ''
      return createReference(transport, parseLocation(name, text), { session, signature })
    },
    validatePolicyScope: (scope) => validateScope(name, scope),
    close: () => session.close(),
  }
  return Object.freeze(transport)
}

function createReference(
  transport: UrlTransport,
  location: UrlLocation,
  opening: Pick<OpenOptions, 'session' | 'signature'>,
): UrlReference {
  const text = formatLocation(location)
  const open = (): OpenOptions => ({ reference, ...opening, ...location })
  const reference: UrlReference = {
    transport,
    ...location,
    policy: policyOf(location.url),
    toString: () => text,
    openSource: (operation) => openSource(open(), operation),
    tags: (operation) => listNames(open(), operation),
  }
  return Object.freeze(reference)
}
