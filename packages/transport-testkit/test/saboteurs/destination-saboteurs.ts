import { open } from 'node:fs/promises'
import { digestOf, ImageError, type BlobBody, type Digest } from '@crossdock/core'
import { inDestinations, joined, repositoryOf, type Saboteur } from './saboteur.ts'
import { leakedHandles } from './source-saboteurs.ts'

export const destinationSaboteurs: readonly Saboteur[] = [
  {
    wrong: 'does nothing at commit',
    breaks: ['destination/round-trip', 'destination/commit-replaces-name', 'destination/unknown-digest'],
    apply: inDestinations(() => ({ commit: async () => undefined })),
  },
  {
    wrong: 'clears the repository at commit',
    breaks: ['destination/neighbours-stay', 'tags/lists'],
    apply: inDestinations((destination, memory) => ({
      commit: async (operation) => {
        repositoryOf(destination.reference, memory).tags.clear()
        await destination.commit(operation)
      },
    })),
  },
  {
    wrong: 'opens a body twice at once without leave',
    breaks: ['destination/opens-by-leave'],
    apply: inDestinations((destination) => ({
      putBlob: async (body, hint, operation) => {
        const beside = body.open()[Symbol.asyncIterator]()
        await beside.next()
        try {
          return await destination.putBlob(body, hint, operation)
        } finally {
          await beside.return?.()
        }
      },
    })),
  },
  {
    wrong: 'keeps the leave to open a body',
    breaks: ['destination/opens-by-leave'],
    apply: inDestinations((destination) => ({
      putBlob: async (body, hint, operation) => {
        body.lease?.()
        return await destination.putBlob(body, hint, operation)
      },
    })),
  },
  {
    wrong: 'keeps signatures of any size and number',
    breaks: ['signatures/oversized-refused', 'signatures/too-many-refused'],
    apply: inDestinations(() => ({ putSignatures: async () => undefined })),
  },
  {
    wrong: 'looks for a manifest by digest, tag or not',
    breaks: ['referrers/has-tag'],
    apply: inDestinations((destination) => ({
      hasManifest: async (manifest, { tag: _, ...options } = {}) =>
        (await destination.hasManifest?.(manifest, options)) ?? false,
    })),
  },
  {
    wrong: 'forgets media types',
    breaks: ['destination/put-blob-answers'],
    apply: inDestinations((destination) => ({
      putBlob: async (body, hint, operation) => ({
        ...(await destination.putBlob(body, hint, operation)),
        mediaType: 'application/octet-stream',
      }),
    })),
  },
  {
    wrong: 'refuses a blob that it has',
    breaks: ['destination/put-same-blob-twice', 'destination/same-image-twice'],
    apply: inDestinations((destination, memory) => ({
      putBlob: async (body, hint, operation) => {
        const there = hint.digest !== undefined && repositoryOf(destination.reference, memory).blobs.has(hint.digest)
        if (there) throw new ImageError('CONFLICT', 'the blob exists')
        return await destination.putBlob(body, hint, operation)
      },
    })),
  },
  {
    wrong: 'takes one blob at a time and does not say so',
    breaks: ['destination/parallel-puts'],
    apply: inDestinations((destination) => {
      let active = 0
      return {
        putBlob: async (body, hint, operation) => {
          active += 1
          try {
            if (active > 1) throw new ImageError('CONFLICT', 'another blob is being written')
            return await destination.putBlob(body, hint, operation)
          } finally {
            active -= 1
          }
        },
      }
    }),
  },
  {
    wrong: 'wants to know digests beforehand',
    breaks: ['destination/unknown-digest'],
    apply: inDestinations((destination) => ({
      putBlob: async (body, hint, operation) => {
        if (hint.digest === undefined) throw new ImageError('INVALID_DATA', 'the digest is missing')
        return await destination.putBlob(body, hint, operation)
      },
    })),
  },
  {
    wrong: 'opens bodies somewhere in the middle',
    breaks: ['destination/opens-from-the-start', 'destination/resumes-after-failure'],
    apply: inDestinations((destination) => ({
      putBlob: async (body, hint, operation) => {
        for await (const _ of body.open(7)) break
        return await destination.putBlob(body, hint, operation)
      },
    })),
  },
  {
    wrong: 'knows sha256 only',
    breaks: ['destination/sha512'],
    apply: inDestinations((destination) => ({
      putBlob: async (body, hint, operation) => {
        if (hint.digest?.startsWith('sha512:')) throw new ImageError('UNSUPPORTED', 'only sha256')
        return await destination.putBlob(body, hint, operation)
      },
    })),
  },
  {
    wrong: 'does not check digests',
    breaks: ['destination/digest-verified', 'destination/size-mismatch', 'destination/sha512'],
    apply: inDestinations((destination, memory) => ({
      putBlob: async (body, { digest, mediaType = '' }) => {
        const repository = repositoryOf(destination.reference, memory)
        const bytes = await joined(body.open())
        const name = digest ?? digestOf(bytes)
        repository.blobs.set(name, bytes)
        repository.partials.set(name, bytes.subarray(0, 1))
        return { mediaType, digest: name, size: bytes.byteLength }
      },
    })),
  },
  {
    wrong: 'trusts the size',
    breaks: ['destination/size-mismatch'],
    apply: inDestinations((destination) => ({
      putBlob: async (body, hint, operation) =>
        destination.putBlob({ open: (offset) => body.open(offset) }, { ...hint, size: undefined }, operation),
    })),
  },
  {
    wrong: 'keeps what a broken body gave as the blob',
    breaks: ['destination/failed-body-leaves-nothing'],
    apply: inDestinations((destination, memory) => ({
      putBlob: async (body, hint, operation) => {
        try {
          return await destination.putBlob(body, hint, operation)
        } catch (error) {
          const { blobs, partials } = repositoryOf(destination.reference, memory)
          const kept = hint.digest && partials.get(hint.digest)
          if (hint.digest !== undefined && kept !== undefined) blobs.set(hint.digest, kept)
          throw error
        }
      },
      // Nobody looks at what is in there.
      findBlob: async ({ digest }) =>
        repositoryOf(destination.reference, memory).blobs.has(digest) ? 'present' : undefined,
    })),
  },
  {
    wrong: 'wraps what a body throws',
    breaks: ['destination/body-error-unchanged'],
    apply: inDestinations((destination) => ({
      putBlob: async (body, hint, operation) => {
        try {
          return await destination.putBlob(body, hint, operation)
        } catch (error) {
          if (operation?.signal?.aborted === true) throw error
          throw ImageError.from(error, 'IO')
        }
      },
    })),
  },
  {
    wrong: 'believes the digests of manifests, and takes any size and type',
    breaks: [
      'destination/manifest-digest-verified',
      'destination/manifest-type-refused',
      'limits/oversized-manifest-refused',
    ],
    apply: inDestinations((destination, memory) => {
      let root: Digest | undefined
      const repository = repositoryOf(destination.reference, memory)
      return {
        traits: { ...destination.traits, manifestTypes: ['application/vnd.oci.image.manifest.v1+json'] },
        putManifest: async (manifest, options) => {
          repository.manifests.set(manifest.digest, manifest)
          if (options?.instance === undefined) root = manifest.digest
        },
        commit: async () => {
          if (root !== undefined) repository.tags.set('tag', root)
        },
      }
    }),
  },
  {
    wrong: 'publishes before commit',
    breaks: [
      'destination/invisible-before-commit',
      'destination/replaced-only-by-commit',
      'destination/dispose-without-commit',
    ],
    apply: inDestinations((destination) => ({
      putManifest: async (manifest, options) => {
        await destination.putManifest(manifest, options)
        await destination.commit()
      },
    })),
  },
  {
    wrong: 'does not replace images',
    breaks: ['destination/commit-replaces-name', 'destination/same-image-twice'],
    apply: inDestinations((destination, memory) => ({
      commit: async (operation) => {
        if (repositoryOf(destination.reference, memory).tags.size > 0) throw new ImageError('CONFLICT', 'taken')
        await destination.commit(operation)
      },
    })),
  },
  {
    wrong: 'never reuses a blob',
    breaks: ['destination/reuse-blob'],
    apply: inDestinations(() => ({ reuseBlob: async () => undefined })),
  },
  {
    wrong: 'says that every blob is there',
    breaks: ['destination/reuse-missing-blob', 'destination/find-blob'],
    apply: inDestinations(() => ({ reuseBlob: async (blob) => ({ blob }), findBlob: async () => 'present' })),
  },
  {
    wrong: 'says that every manifest is there',
    breaks: ['destination/has-manifest', 'destination/has-instance'],
    apply: inDestinations(() => ({ hasManifest: async () => true })),
  },
  {
    wrong: 'keeps bytes but reads from the start',
    breaks: ['destination/resumes-after-failure', 'destination/resumes-in-another-handle'],
    apply: inDestinations((destination, memory) => ({
      putBlob: async (body, hint, operation) => {
        if (hint.digest !== undefined) repositoryOf(destination.reference, memory).partials.delete(hint.digest)
        return await destination.putBlob(body, hint, operation)
      },
    })),
  },
  {
    wrong: 'keeps bytes that proved wrong',
    breaks: ['destination/resume-verifies-all'],
    apply: inDestinations((destination, memory) => ({
      putBlob: async (body, hint, operation) => {
        const { partials } = repositoryOf(destination.reference, memory)
        const kept = hint.digest && partials.get(hint.digest)
        try {
          return await destination.putBlob(body, hint, operation)
        } catch (error) {
          if (hint.digest !== undefined && kept !== undefined) partials.set(hint.digest, kept)
          throw error
        }
      },
    })),
  },
  {
    wrong: 'knows no index inside an index',
    breaks: ['destination/nested-index'],
    apply: inDestinations((destination) => ({
      putManifest: async (manifest, options) => {
        const indexes = new TextDecoder().decode(manifest.bytes).split('image.index.v1').length - 1
        if (indexes > 1) throw new ImageError('UNSUPPORTED', 'an index inside an index')
        await destination.putManifest(manifest, options)
      },
    })),
  },
  {
    wrong: 'waits for a body to close, whatever the signal says',
    breaks: ['abort/mid-blob-write-stuck-body'],
    apply: inDestinations((destination) => ({
      putBlob: async (body, hint, operation) => {
        const bytes = await joined(body.open())
        return await destination.putBlob(bodyOf(bytes), hint, operation)
      },
    })),
  },
  {
    wrong: 'leaves a hanging body open',
    breaks: ['abort/mid-blob-write'],
    apply: inDestinations((destination) => ({
      putBlob: (body, hint, operation) =>
        destination.putBlob({ size: body.size, open: (offset) => unclosed(body, offset) }, hint, operation),
    })),
  },
  {
    wrong: 'leaves a file open when a put is aborted',
    breaks: ['abort/leaves-no-handles'],
    apply: inDestinations((destination) => ({
      putBlob: async (body, hint, operation) => {
        const handle = await open(process.execPath)
        leakedHandles.push(handle)
        const written = await destination.putBlob(body, hint, operation)
        await handle.close()
        return written
      },
    })),
  },
]

function bodyOf(bytes: Uint8Array): BlobBody {
  return {
    size: bytes.byteLength,
    async *open(offset = 0) {
      yield bytes.subarray(offset)
    },
  }
}

/** The body's chunks through an iterator that has no `return`. */
function unclosed(body: BlobBody, offset: number | undefined): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = body.open(offset)[Symbol.asyncIterator]()
      return { next: () => iterator.next() }
    },
  }
}
