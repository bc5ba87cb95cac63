import {
  CONTRACT,
  dockerPolicyIdentity,
  type DockerReference,
  type ImageDestination,
  type ImageReference,
  type ImageSource,
  type ImageTransport,
  type OperationOptions,
  type PolicyIdentity,
} from '@crossdock/core'
import { type Endpoints, openEndpoints } from './client/endpoints.ts'
import { listAnywhere } from './client/list-anywhere.ts'
import { openRepository, type Repository } from './client/repository.ts'
import { findRoute } from './client/route.ts'
import { createSession } from './client/session.ts'
import { deleteImage } from './delete.ts'
import { openDestination } from './destination.ts'
import { type LoggedIn, type LogInOptions, logIn } from './log-in.ts'
import type { DockerTransportOptions } from './options.ts'
import { checkPolicyScope, parseReferenceText, printReference } from './reference.ts'
import { openSource } from './source.ts'
import { listTags } from './tags.ts'

/** An image in a registry. */
export interface DockerImageReference extends ImageReference {
  readonly dockerReference: DockerReference
  readonly policy: PolicyIdentity
  openSource(options?: OperationOptions): Promise<ImageSource>
  openDestination(options?: OperationOptions): Promise<ImageDestination>
  /** Deletes the tag, or, of a reference with a digest, the image under all its tags. */
  delete(options?: OperationOptions): Promise<void>
  /** Every tag of the repository. */
  tags(options?: OperationOptions): AsyncIterable<string>
}

export interface DockerTransport extends ImageTransport<'docker', DockerImageReference> {
  /**
   * Asks the registry of a repository whether it takes the credentials. Throws `UNAUTHENTICATED` if it does not, and `UNSUPPORTED` if
   * there is no registry.
   */
  logIn(repository: DockerReference, options?: LogInOptions): Promise<LoggedIn>
  close(): Promise<void>
}

/**
 * `docker://`: images in registries (distribution-spec 1.1). References of one transport share connections, tokens and what was
 * learnt of registries.
 */
export function dockerTransport(options: DockerTransportOptions = {}): DockerTransport {
  const session = createSession(options)
  const transport: DockerTransport = {
    '~transport': { contract: CONTRACT, vendor: 'crossdock' },
    name: 'docker',
    parseReference: (text) => createReference(parseReferenceText(text)),
    validatePolicyScope: checkPolicyScope,
    logIn: (repository, operation = {}) => logIn(session, createReference(repository), operation),
    close: () => session.close(),
  }

  function createReference(dockerReference: DockerReference): DockerImageReference {
    const readable = async (operation: OperationOptions, side?: 'source'): Promise<Endpoints> => {
      const { sources } = await findRoute(session, reference, { side, operation })
      return openEndpoints(session, { image: reference, side }, sources)
    }
    // Mirrors are read alone.
    const writable = async (operation: OperationOptions, side?: 'destination'): Promise<Repository> => {
      const { insecure } = await findRoute(session, reference, { side, operation })
      return openRepository(session, { image: reference, side, endpoint: { reference: dockerReference, insecure } })
    }
    const reference: DockerImageReference = Object.freeze({
      transport,
      dockerReference,
      policy: dockerPolicyIdentity(dockerReference),
      toString: () => printReference(dockerReference),
      openSource: async (operation: OperationOptions = {}) =>
        openSource(reference, await readable(operation, 'source')),
      openDestination: async (operation: OperationOptions = {}) =>
        await openDestination(reference, await writable(operation, 'destination')),
      delete: async (operation: OperationOptions = {}) =>
        await deleteImage(reference, await writable(operation), operation),
      tags: async function* (operation: OperationOptions = {}) {
        const endpoints = await readable(operation)
        yield* listAnywhere(endpoints, (repository) => listTags(repository, operation), { what: 'tags', operation })
      },
    })
    return reference
  }

  return Object.freeze(transport)
}
