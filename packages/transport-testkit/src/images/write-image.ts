import {
  bytesBody,
  ImageError,
  imageName,
  type ImageDestination,
  type ImageReference,
  type OperationOptions,
} from '@crossdock/core'
import type { TestImage } from './test-image.ts'

/** Opens a location to write to. Throws `UNSUPPORTED` if it has no `openDestination`. */
export async function openDestination(
  reference: ImageReference,
  operation?: OperationOptions,
): Promise<ImageDestination> {
  if (reference.openDestination === undefined) {
    throw new ImageError('UNSUPPORTED', `${imageName(reference)} cannot be written to`)
  }
  return await reference.openDestination(operation)
}

/** Writes the image through the contract, all of it, and commits. */
export async function writeImage(
  reference: ImageReference,
  image: TestImage,
  operation?: OperationOptions,
): Promise<void> {
  await using destination = await openDestination(reference, operation)
  await putImage(destination, image, operation)
  await destination.commit(operation)
}

/** Everything that `writeImage` does but the commit. */
export async function putImage(
  destination: ImageDestination,
  image: TestImage,
  operation?: OperationOptions,
): Promise<void> {
  for (const { bytes, descriptor } of image.blobs) await destination.putBlob(bytesBody(bytes), descriptor, operation)
  await putManifests(destination, image, operation)
}

/** The image's documents alone; its blobs are there. */
export async function putManifests(
  destination: ImageDestination,
  image: TestImage,
  operation?: OperationOptions,
): Promise<void> {
  for (const manifest of image.manifests) {
    const instance = manifest.digest === image.root.digest ? undefined : manifest.digest
    await destination.putManifest(manifest, { ...operation, instance })
  }
}
