import {
  CONTRACT,
  type ImageReference,
  type ImageSource,
  type ImageTransport,
  type OperationOptions,
  type PolicyIdentity,
} from '@crossdock/core'
import { type AppName, formatAppName, parseAppName } from '@crossdock/formats'
import { createSession } from './client/session.ts'
import { type AciDiscoveryTransportOptions, resolveOptions } from './options.ts'
import { policyOf, validateScope } from './reference.ts'
import { type FollowOptions, openArchive } from './source.ts'

/** An App Container Image by its name. */
export interface AppReference extends ImageReference {
  readonly transport: AciDiscoveryTransport
  readonly app: AppName
  readonly policy: PolicyIdentity
  /** Its reference is this one, whatever the archive is read from. */
  openSource(options?: OperationOptions): Promise<ImageSource>
  /**
   * The archive that `openSource` would read now, which has the right name and labels: it is opened for that. Through a transport that keeps what it fetched
   * it is fetched once.
   */
  resolve(options?: OperationOptions): Promise<ImageReference>
}

export interface AciDiscoveryTransport extends ImageTransport<'appc', AppReference> {
  close(): Promise<void>
}

/**
 * `appc:`, App Container Images by name: a page of the host in the name says where their archives lie, and these are read through what the options hand over.
 * Throws `INVALID_DATA` for options that make no sense.
 */
export function aciDiscoveryTransport(options: AciDiscoveryTransportOptions): AciDiscoveryTransport {
  const { archives } = options
  const session = createSession(options, resolveOptions(options))
  const transport: AciDiscoveryTransport = {
    '~transport': { contract: CONTRACT, vendor: '@crossdock/transport-aci-discovery' },
    name: 'appc',
    parseReference: (text) => createReference(transport, { app: parseAppName(text), session, archives }),
    validatePolicyScope: validateScope,
    close: () => session.close(),
  }
  return Object.freeze(transport)
}

function createReference(transport: AciDiscoveryTransport, follow: FollowOptions): AppReference {
  const { app } = follow
  const text = formatAppName(app)
  const reference: AppReference = {
    transport,
    app,
    policy: policyOf(app),
    toString: () => text,
    async openSource(operation) {
      const { source } = await openArchive(follow, operation)
      return source.with({ reference })
    },
    async resolve(operation) {
      const { source, reference: archive } = await openArchive(follow, operation)
      await source[Symbol.asyncDispose]()
      return archive
    },
  }
  return Object.freeze(reference)
}
