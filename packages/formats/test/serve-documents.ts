import {
  CONTRACT,
  type Digest,
  ImageError,
  type ImageReference,
  type ImageSource,
  type ImageTransport,
  type ManifestBytes,
} from '@crossdock/core'

const transport: ImageTransport = {
  '~transport': { contract: CONTRACT, vendor: 'test' },
  name: 'test',
  parseReference: () => reference,
  validatePolicyScope: () => undefined,
}
const reference: ImageReference = { transport, toString: () => 'image' }

/** A source whose top is the first document, and which has the others by digest. It has no blobs. */
export function serveDocuments(...documents: readonly ManifestBytes[]): ImageSource {
  const known = new Map<Digest, ManifestBytes>(documents.map((document) => [document.digest, document]))
  const [top] = documents
  return {
    reference,
    traits: {},
    getManifest: async (instance, options) => {
      options?.signal?.throwIfAborted()
      const found = instance === undefined ? top : known.get(instance)
      if (found === undefined) throw new ImageError('NOT_FOUND', `there is no ${instance}`)
      return found
    },
    getBlob: () => Promise.reject(new Error('no blob is asked for')),
    getSignatures: async () => [],
    [Symbol.asyncDispose]: async () => undefined,
  }
}
