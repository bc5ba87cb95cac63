import type {
  ImageDestination,
  ImageReference,
  ImageSource,
  ImageTransport,
  OperationOptions,
  PolicyIdentity,
} from '@crossdock/core'
import { absolute } from '../open-file.ts'
import { type AciTransportOptions, type ResolvedAciOptions, resolveAciOptions } from '../options.ts'
import { processStreams, STANDARD } from '../standard-streams.ts'
import { openDestination } from './destination.ts'
import type { OpenOptions } from './open-options.ts'
import { type AciLocation, formatLocation, parseLocation, policyOf, validateScope } from './reference.ts'
import { openSource } from './source.ts'

/** An App Container archive, which holds one image. */
export interface AciReference extends ImageReference, AciLocation {
  readonly transport: AciTransport
  /** `-`, or `path` made absolute when the reference was parsed: changing the working directory later does not move it. */
  readonly file: string
  openSource(options?: OperationOptions): Promise<ImageSource>
  openDestination(options?: OperationOptions): Promise<ImageDestination>
}

export type AciTransport = ImageTransport<'aci', AciReference>

/** `aci:`, App Container Images as rkt reads them (appc spec 0.8.11). Throws `INVALID_DATA` for options that make no sense. */
export function aciTransport(options: AciTransportOptions = {}): AciTransport {
  const resolved = resolveAciOptions(options)
  const transport: AciTransport = {
    '~transport': { contract: 1, vendor: '@crossdock/transport-tarball' },
    name: 'aci',
    parseReference: (text) => createReference(transport, parseLocation(text), resolved),
    validatePolicyScope: validateScope,
  }
  return Object.freeze(transport)
}

function createReference(transport: AciTransport, location: AciLocation, options: ResolvedAciOptions): AciReference {
  const file = absolute(location.path)
  const text = formatLocation(location)
  const open = (): OpenOptions => ({ reference, file, location, options, streams: processStreams })
  let policy: PolicyIdentity | undefined
  const reference: AciReference = {
    transport,
    ...location,
    file,
    toString: () => text,
    // What has no path has nothing that a policy could name.
    get policy() {
      return file === STANDARD ? undefined : (policy ??= policyOf(file))
    },
    openSource: (operation) => openSource(open(), operation),
    openDestination: (operation) => openDestination(open(), operation),
  }
  return Object.freeze(reference)
}
