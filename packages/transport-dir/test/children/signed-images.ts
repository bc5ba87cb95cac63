import type { ImageDestination, ImageReference, Signature } from '@crossdock/core'
import { putImage, testImage, type TestImage, testIndex } from '@crossdock/transport-testkit'

/** An index whose first instance is in the index of every seed, and whose second is not. */
export function signedIndex(seed: string): TestImage {
  const own = testImage({ seed, layers: 1 })
  return testIndex({ platforms: [{ os: 'linux', architecture: 'amd64' }], entries: [own] })
}

/** One signature of the index, or more for a seed that asks for it with its last letter. */
export function signaturesOf(seed: string): readonly Signature[] {
  const count = /[0-9]$/.test(seed) ? Number(seed.at(-1)) : 1
  return Array.from({ length: count }, (_, index) => ({
    format: 'simple',
    bytes: Buffer.from(`\u0090${seed} ${index}`, 'latin1'),
  }))
}

/** Puts the image with its signatures, and those of each instance, but does not commit. */
export async function putSigned(destination: ImageDestination, seed: string): Promise<void> {
  const image = signedIndex(seed)
  await putImage(destination, image)
  await destination.putSignatures?.(signaturesOf(seed))
  for (const { digest } of image.manifests) {
    if (digest !== image.root.digest) await destination.putSignatures?.(signaturesOf(seed), digest)
  }
}

export async function writeSigned(reference: ImageReference, seed: string): Promise<void> {
  await using destination = await reference.openDestination?.()
  if (destination === undefined) throw new Error('not writable')
  await putSigned(destination, seed)
  await destination.commit()
}
