import type { HostConfig } from '@crossdock/config'
import type { SignatureStorage } from '@crossdock/core'
import type { DefaultTransportsOptions } from '@crossdock/transports'

type SignaturePlaces = Pick<NonNullable<DefaultTransportsOptions['docker']>, 'signatureStorage' | 'sigstoreAttachments'>

/** Where the signatures of a registry's images lie, as the machine has it in `registries.d`. Loaded when one is asked for. */
export function signaturePlaces(host: HostConfig): SignaturePlaces {
  let loaded: Promise<SignatureStorage> | undefined
  const storage = (): Promise<SignatureStorage> => (loaded ??= lookaside(host))
  return {
    signatureStorage: {
      read: async (...image) => (await storage()).read(...image),
      write: async (...image) => (await storage()).write?.(...image),
      delete: async (...image) => (await storage()).delete?.(...image),
    },
    sigstoreAttachments: async (image) => (await host.signatureConfig(image)).useSigstoreAttachments.value,
  }
}

async function lookaside(host: HostConfig): Promise<SignatureStorage> {
  const { lookasideStorage } = await import('@crossdock/signature-policy')
  return lookasideStorage({
    configFor: async (image) => {
      const { lookaside: read, lookasideStaging: written } = await host.signatureConfig(image)
      return { lookaside: read.value, staging: written.value }
    },
  })
}
