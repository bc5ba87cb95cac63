import { repositoryName, type Side } from '@crossdock/core'
import type { RegistryEndpoint } from '../registries.ts'
import type { DockerImageReference } from '../transport.ts'
import { openRepository, type Repository } from './repository.ts'
import type { Session } from './session.ts'

/** One place that an image may be read from. */
export interface Endpoint {
  /** `mirror.example.com/library/alpine` */
  readonly name: string
  readonly host: string
  /** Tries as often as the options say. */
  readonly patient: Repository
  /** Tries again once at most: there are others to go to. */
  readonly brisk: Repository
}

const BRISK_ATTEMPTS = 2

export interface ReadImage {
  readonly image: DockerImageReference
  readonly side?: Side | undefined
}

export function openEndpoint(session: Session, read: ReadImage, endpoint: RegistryEndpoint): Endpoint {
  const attempts = Math.min(BRISK_ATTEMPTS, session.options.maxAttempts ?? BRISK_ATTEMPTS)
  const patient = openRepository(session, { ...read, endpoint })
  return {
    name: repositoryName(endpoint.reference),
    host: patient.host,
    patient,
    brisk: openRepository(session, { ...read, endpoint, attempts }),
  }
}
