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
import { openRepository, type Repository } from './client/repository.ts'
import { createSession } from './client/session.ts'
import { deleteImage } from './delete.ts'
import { openDestination } from './destination.ts'
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
    close: () => session.close(),
  }

  function createReference(dockerReference: DockerReference): DockerImageReference {
    const repository = (side?: 'source' | 'destination'): Repository => openRepository(session, reference, side)
    const reference: DockerImageReference = Object.freeze({
      transport,
      dockerReference,
      policy: dockerPolicyIdentity(dockerReference),
      toString: () => printReference(dockerReference),
      openSource: async (operation: OperationOptions = {}) => {
        operation.signal?.throwIfAborted()
        return Promise.resolve(openSource(reference, repository('source')))
      },
      openDestination: async (operation: OperationOptions = {}) => {
        operation.signal?.throwIfAborted()
        return Promise.resolve(openDestination(reference, repository('destination')))
      },
      delete: async (operation: OperationOptions = {}) => {
        operation.signal?.throwIfAborted()
        await deleteImage(reference, repository(), operation)
      },
      tags: (operation: OperationOptions = {}) => listTags(repository(), operation),
    })
    return reference
  }

  return Object.freeze(transport)
}
