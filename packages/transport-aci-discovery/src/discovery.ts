import { ImageError, type OperationOptions } from '@crossdock/core'
import type { AppName } from '@crossdock/formats'
import { redactUrl } from '@crossdock/http'
import { discover, type DiscoverOptions, type DiscoveryResult } from './client/discover.ts'
import { getDocument } from './client/get-document.ts'
import { createSession } from './client/session.ts'
import { type DiscoveryOptions, resolveOptions } from './options.ts'

const MAX_KEY_BYTES = 1024 * 1024

/** Meta discovery alone: where images and keys of a name lie, without reading them. */
export interface AciDiscovery {
  /**
   * What is not there is an empty list, and `pages` say why. Throws `INVALID_REFERENCE` for a name that begins with no host, `LIMIT_EXCEEDED` for one of more
   * than 32 components, and the signal's reason.
   */
  discover(app: AppName, options?: DiscoverOptions): Promise<DiscoveryResult>
  /**
   * Reads the public keys at a URL, without credentials: over https, and over plain http where options allow it for the host. At most 1 MiB. Whose keys they
   * are is not judged. Throws `UNSUPPORTED` for plain http without leave, `NOT_FOUND` and the like, `LIMIT_EXCEEDED`.
   */
  readKeys(url: URL, options?: OperationOptions): Promise<Uint8Array>
  close(): Promise<void>
}

/** Throws `INVALID_DATA` for options that make no sense. */
export function createAciDiscovery(options: DiscoveryOptions = {}): AciDiscovery {
  const resolved = resolveOptions(options)
  const session = createSession(options, resolved)
  return Object.freeze<AciDiscovery>({
    discover: (app, operation) => discover(app, session, operation),
    async readKeys(url, operation) {
      if (url.protocol !== 'https:' && !(url.protocol === 'http:' && resolved.plainHttp(url.host))) {
        throw new ImageError('UNSUPPORTED', `keys are read over https, and not from ${redactUrl(url)}`)
      }
      const what = 'the public keys at'
      return await getDocument(url, session.client, { what, limitBytes: MAX_KEY_BYTES, anonymous: true, ...operation })
    },
    close: () => session.close(),
  })
}
