import { replaceFile } from '@crossdock/blob-files'
import {
  checkManifest,
  ImageError,
  type Digest,
  type ImageDestination,
  type ManifestBytes,
  type OperationOptions,
  type PutManifestOptions,
  quoteForeign,
  report,
} from '@crossdock/core'
import { commitImage } from './folder/commit.ts'
import { hasManifest } from './folder/complete.ts'
import { ifUsable, readInstance } from './folder/manifests.ts'
import { instancePath } from './folder/paths.ts'
import { checkWritable } from './folder/prepare.ts'
import { createSession, type Session } from './folder/session.ts'
import { encodeSignatures } from './folder/signatures.ts'
import type { OpenOptions } from './open-options.ts'

/**
 * Opens a folder for writing, or the place where one shall be; nothing is created before the first write, and the image that is
 * there stays until the commit. Throws `CONFLICT` if something else is there.
 */
export async function openDestination(
  opened: OpenOptions,
  operation: OperationOptions = {},
): Promise<ImageDestination> {
  operation.signal?.throwIfAborted()
  const { reference } = opened
  const session = createSession(opened)
  await checkWritable(session.paths)
  operation.signal?.throwIfAborted()
  return Object.freeze<ImageDestination>({
    reference,
    traits: Object.freeze({ signatures: Object.freeze(['simple', 'sigstore'] as const), parallelBlobs: 16 }),
    ...session.methods,
    async hasManifest(manifest, hasOptions) {
      hasOptions?.signal?.throwIfAborted()
      return await hasManifest(session, manifest, hasOptions)
    },
    putManifest: (manifest, putOptions) => putManifest(session, manifest, putOptions),
    async putSignatures(signatures, instance, putOptions) {
      putOptions?.signal?.throwIfAborted()
      session.signatures.set(instance, encodeSignatures(signatures))
    },
    async commit(commitOptions) {
      commitOptions?.signal?.throwIfAborted()
      if (session.top === undefined && session.instances.size === 0) {
        throw new ImageError('INVALID_DATA', 'there is nothing to commit: no manifest was put')
      }
      await session.ready()
      await commitImage(session, commitOptions)
    },
    async [Symbol.asyncDispose]() {},
  })
}

async function putManifest(session: Session, manifest: ManifestBytes, options: PutManifestOptions = {}): Promise<void> {
  const { instance, tag, signal } = options
  signal?.throwIfAborted()
  const digest = instance ?? manifest.digest
  checkManifest(manifest, { digest, what: 'a folder' })
  await session.ready()
  if (instance === undefined) session.top = manifest
  else {
    if ((await ifUsable(readInstance(session.paths, digest))) === undefined) {
      await writeInstance(session, manifest.bytes, digest)
    }
    session.instances.add(digest)
    if (tag !== undefined) noteTag(options, { tag, digest })
  }
}

function noteTag(options: OperationOptions, { tag, digest }: { readonly tag: string; readonly digest: Digest }): void {
  const message = `"dir:" has no names: ${quoteForeign(tag, 150)} is kept by its digest ${digest}, and not found by its name again`
  report(options, { type: 'note', level: 'warning', message })
}

async function writeInstance({ paths, options }: Session, bytes: Uint8Array, digest: Digest): Promise<void> {
  await replaceFile(instancePath(paths, digest), {
    bytes,
    work: paths.work,
    durable: options.durable,
    syncFolder: false, // once for all, in commit
  })
}
