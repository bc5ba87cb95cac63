import type { HostConfig } from '@crossdock/config'
import type { SignatureStorage } from '@crossdock/core'
import type { LookasideOptions } from '@crossdock/signature-policy'
import type { DefaultTransportsOptions } from '@crossdock/transports'

type SignaturePlaces = Pick<NonNullable<DefaultTransportsOptions['docker']>, 'signatureStorage' | 'sigstoreAttachments'>

/** How web servers with signatures are reached. */
type HttpOptions = NonNullable<LookasideOptions['httpOptions']>

/** Where the signatures of a registry's images lie, as the machine has it in `registries.d`. Loaded when one is asked for. */
export function signaturePlaces(host: HostConfig, httpOptions: HttpOptions): SignaturePlaces {
  let loaded: Promise<SignatureStorage> | undefined
  const storage = (): Promise<SignatureStorage> => (loaded ??= lookaside(host, httpOptions))
  return {
    signatureStorage: {
      read: async (...image) => (await storage()).read(...image),
      write: async (...image) => (await storage()).write?.(...image),
      delete: async (...image) => (await storage()).delete?.(...image),
    },
    sigstoreAttachments: async (image) => (await host.signatureConfig(image)).useSigstoreAttachments.value,
  }
}

async function lookaside(host: HostConfig, httpOptions: HttpOptions): Promise<SignatureStorage> {
  const { lookasideStorage } = await import('@crossdock/signature-policy')
  return lookasideStorage({
    httpOptions,
    configFor: async (image) => {
      const { lookaside: read, lookasideStaging: written } = await host.signatureConfig(image)
      return { lookaside: read.value, staging: written.value }
    },
  })
}
