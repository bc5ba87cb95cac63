import { digestAlgorithm, type Digest } from './digest.ts'
import { ImageError, quoteForeign } from './errors.ts'
import { MAX_MANIFEST_BYTES } from './limits.ts'
import { manifestDigest } from './manifest-digest.ts'
import type { OperationOptions } from './operation.ts'
import { imageName, type ImageReference } from './reference.ts'
import type { Signature } from './signature.ts'
import type { ImageSource, ManifestBytes } from './source.ts'

/**
 * An image-to-be: whose it claims to be, its exact manifest bytes and its signatures. Nothing is parsed here; policy judges
 * this, and what was judged is what is then parsed and copied.
 */
export interface UnparsedImage {
  readonly reference: ImageReference
  readonly instance?: Digest | undefined
  /** Fetched and verified once, for calls at the same time too; later calls get the same bytes. */
  manifest(options?: OperationOptions): Promise<ManifestBytes>
  /** Fetched once. */
  signatures(options?: OperationOptions): Promise<readonly Signature[]>
}

/** Throws, from `manifest()`, `DIGEST_MISMATCH` and `LIMIT_EXCEEDED` besides what the source throws. */
export function unparsedImage(source: ImageSource, instance?: Digest): UnparsedImage {
  const manifest = once((options) => readManifest(source, instance, options))
  const signatures = once((options) => source.getSignatures(instance, options))
  return { reference: source.reference, instance, manifest, signatures }
}

async function readManifest(
  source: ImageSource,
  instance: Digest | undefined,
  options: OperationOptions | undefined,
): Promise<ManifestBytes> {
  const manifest = await source.getManifest(instance, options)
  const image = imageName(source.reference)
  if (manifest.bytes.byteLength > MAX_MANIFEST_BYTES) {
    const message = `the manifest of ${quoteForeign(image)} is larger than ${MAX_MANIFEST_BYTES} bytes`
    throw new ImageError('LIMIT_EXCEEDED', message, { image })
  }
  const wanted = instance ?? manifest.digest
  const actual = manifestDigest(manifest.bytes, digestAlgorithm(wanted))
  if (actual !== wanted) {
    throw new ImageError(
      'DIGEST_MISMATCH',
      `the manifest of ${quoteForeign(image)} should be ${wanted} but its bytes are ${actual}`,
      { image },
    )
  }
  return { bytes: manifest.bytes, mediaType: manifest.mediaType, digest: wanted }
}

/**
 * Caches success; a failure, an abort included, is not remembered. Who calls while another call is loading waits for it and,
 * should that one fail or be aborted, loads for itself.
 */
function once<Value>(
  load: (options: OperationOptions | undefined) => Promise<Value>,
): (options?: OperationOptions) => Promise<Value> {
  let loaded: { readonly value: Value } | undefined
  let loading: Promise<void> | undefined

  async function loadNow(options: OperationOptions | undefined): Promise<Value> {
    const { promise, resolve } = Promise.withResolvers<void>()
    loading = promise
    try {
      loaded = { value: await load(options) }
      return loaded.value
    } finally {
      loading = undefined
      resolve()
    }
  }

  return async (options) => {
    for (;;) {
      options?.signal?.throwIfAborted()
      if (loaded !== undefined) return loaded.value
      if (loading === undefined) return await loadNow(options)
      await doneOrAborted(loading, options?.signal)
    }
  }
}

/** `done` never rejects. An abort rejects with the signal's own reason and leaves no listener. */
async function doneOrAborted(done: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(signal?.reason)
  signal?.addEventListener('abort', stop, { once: true })
  try {
    await Promise.race([done, promise])
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}
