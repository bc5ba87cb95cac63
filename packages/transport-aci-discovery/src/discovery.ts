import type { AppName } from './app-name.ts'
import { discover, type DiscoverOptions, type DiscoveryResult } from './client/discover.ts'
import { createSession } from './client/session.ts'
import { type DiscoveryOptions, resolveOptions } from './options.ts'

/** Meta discovery alone: where images and keys of a name lie, without reading them. */
export interface AciDiscovery {
  /**
   * What is not there is an empty list, and `pages` say why. Throws `INVALID_REFERENCE` for a name that begins with no host, `LIMIT_EXCEEDED` for one of more
   * than 32 components, and the signal's reason.
   */
  discover(app: AppName, options?: DiscoverOptions): Promise<DiscoveryResult>
  close(): Promise<void>
}

/** Throws `INVALID_DATA` for options that make no sense. */
export function createAciDiscovery(options: DiscoveryOptions = {}): AciDiscovery {
  const session = createSession(options, resolveOptions(options))
  return Object.freeze<AciDiscovery>({
    discover: (app, operation) => discover(app, session, operation),
    close: () => session.close(),
  })
}
