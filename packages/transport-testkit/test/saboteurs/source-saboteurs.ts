import { open, type FileHandle } from 'node:fs/promises'
import { digestOf, ImageError, type BlobReader, type Descriptor, type ManifestBytes } from '@crossdock/core'
import { inSources, joined, repositoryOf, type Saboteur } from './saboteur.ts'

/** Left open on purpose; closed when the test has ended. */
export const leakedHandles: FileHandle[] = []

export const sourceSaboteurs: readonly Saboteur[] = [
  {
    wrong: 'calls every failure IO, and worth a retry',
    breaks: ['source/missing-instance', 'source/missing-blob', 'errors/codes'],
    apply: inSources((source) => ({
      getManifest: async (instance, operation) => renamed(() => source.getManifest(instance, operation)),
      getBlob: async (blob, options) => renamed(() => source.getBlob(blob, options)),
    })),
  },
  {
    wrong: 'throws plain errors',
    breaks: ['errors/are-image-errors', 'source/missing-blob'],
    apply: inSources((source) => ({
      getBlob: async (blob, options) => {
        try {
          return await source.getBlob(blob, options)
        } catch {
          throw new Error('no such blob')
        }
      },
    })),
  },
  {
    wrong: 'serialises manifests anew',
    breaks: [
      'source/raw-manifest-bytes',
      'source/instance-by-digest',
      'destination/artifact-byte-exact',
      'destination/index-with-children',
      'destination/nested-index',
    ],
    apply: inSources((source) => ({
      getManifest: async (instance, operation) => reserialised(await source.getManifest(instance, operation)),
    })),
  },
  {
    wrong: 'believes the digest that a manifest is stored under',
    breaks: ['source/manifest-digest-is-of-bytes'],
    apply: inSources((source, memory) => ({
      getManifest: async (instance, operation) => {
        const digest = instance ?? memory.store.digest(source.reference.toString())
        const stored = digest && repositoryOf(source.reference, memory).manifests.get(digest)
        return stored ?? (await source.getManifest(instance, operation))
      },
    })),
  },
  {
    wrong: 'names every manifest by all of its bytes',
    breaks: ['source/signed-schema1'],
    apply: inSources((source) => ({
      getManifest: async (instance, operation) => {
        const manifest = await source.getManifest(instance, operation)
        return { ...manifest, digest: digestOf(manifest.bytes) }
      },
    })),
  },
  {
    wrong: 'guesses how large blobs are',
    breaks: ['source/blob-size'],
    apply: inSources(() => ({ blobSize: async () => 1 })),
  },
  {
    wrong: 'resolves the name at every call',
    breaks: ['source/same-manifest-twice'],
    apply: inSources((source, memory) => ({
      getManifest: async (instance, operation) => {
        const [digest] = [...memory.store.repository('repository-1').tags.values()]
        return await source.getManifest(instance ?? digest, operation)
      },
    })),
  },
  {
    wrong: 'writes over the chunks that it has yielded',
    breaks: ['source/blob-exact-bytes'],
    apply: inSources((source) => ({
      getBlob: async (blob, options) => {
        const buffer = new Uint8Array(1024)
        return reading(await source.getBlob(blob, options), async function* (chunks) {
          for await (const chunk of chunks) {
            buffer.set(chunk)
            yield buffer.subarray(0, chunk.byteLength)
          }
        })
      },
    })),
  },
  {
    wrong: 'ignores the offset',
    breaks: ['source/blob-offset'],
    apply: inSources((source) => ({ getBlob: (blob, options) => source.getBlob(blob, { ...options, offset: 0 }) })),
  },
  {
    wrong: 'goes on behind the end',
    breaks: ['source/blob-range'],
    apply: inSources((source) => ({
      getBlob: (blob, options) => source.getBlob(blob, { ...options, end: undefined }),
    })),
  },
  {
    wrong: 'says how much is left instead of how large the blob is',
    breaks: ['source/blob-size-honest'],
    apply: inSources((source) => ({
      getBlob: async (blob, options) => {
        const reader = await source.getBlob(blob, options)
        return { ...reader, size: blob.size - (options?.offset ?? 0) }
      },
    })),
  },
  {
    wrong: 'keeps a file open unless the blob is read to its end',
    breaks: ['source/break-releases', 'source/dispose-unread-reader', 'abort/leaves-no-handles'],
    apply: inSources((source) => ({
      getBlob: async (blob, options) => {
        const handle = await open(process.execPath)
        leakedHandles.push(handle)
        return reading(await source.getBlob(blob, options), async function* (chunks) {
          yield* chunks
          await handle.close()
        })
      },
    })),
  },
  {
    wrong: 'reads one blob at a time and does not say so',
    breaks: ['source/parallel-blobs'],
    apply: inSources((source) => {
      let active = 0
      return {
        getBlob: async (blob, options) =>
          reading(await source.getBlob(blob, options), async function* (chunks) {
            active += 1
            try {
              if (active > 1) throw new ImageError('CONFLICT', 'another blob is being read')
              yield* chunks
            } finally {
              active -= 1
            }
          }),
      }
    }),
  },
  {
    wrong: 'takes an empty blob for a broken one',
    breaks: ['source/zero-byte-blob'],
    apply: inSources((source) => ({
      getBlob: async (blob, options) => {
        if (blob.size === 0) throw new ImageError('INVALID_DATA', 'the blob is empty')
        return await source.getBlob(blob, options)
      },
    })),
  },
  {
    wrong: 'fails for images without signatures',
    breaks: ['signatures/none'],
    apply: inSources((source) => ({
      getSignatures: async (instance, operation) => {
        const signatures = await source.getSignatures(instance, operation)
        if (signatures.length === 0) throw new ImageError('NOT_FOUND', 'there are no signatures')
        return signatures
      },
    })),
  },
  {
    wrong: 'loses all signatures but the first',
    breaks: ['signatures/round-trip'],
    apply: inSources((source) => ({
      getSignatures: async (instance, operation) => (await source.getSignatures(instance, operation)).slice(0, 1),
    })),
  },
  {
    wrong: 'reads signatures backwards',
    breaks: ['signatures/order'],
    apply: inSources((source) => ({
      getSignatures: async (instance, operation) => (await source.getSignatures(instance, operation)).toReversed(),
    })),
  },
  {
    wrong: 'gives the signatures of an index for those of its instances',
    breaks: ['signatures/by-manifest'],
    apply: inSources((source) => ({
      getSignatures: async (_instance, operation) => await source.getSignatures(undefined, operation),
    })),
  },
  {
    wrong: 'does not say what ties a referrer to its subject',
    breaks: ['referrers/by-tag'],
    apply: inSources((source) => ({
      async *referrers(subject, operation) {
        for await (const { tag: _, ...referrer } of source.referrers?.(subject, operation) ?? []) yield referrer
      },
    })),
  },
  {
    wrong: 'lists every manifest as a referrer',
    breaks: ['referrers/lists-subject', 'referrers/none'],
    apply: inSources((source, memory) => ({
      async *referrers() {
        for (const { mediaType, digest, bytes } of repositoryOf(source.reference, memory).manifests.values()) {
          yield { mediaType, digest, size: bytes.byteLength } satisfies Descriptor
        }
      },
    })),
  },
  {
    wrong: 'leaves a listener on the signal',
    breaks: ['abort/leaves-no-listeners'],
    apply: inSources((source) => ({
      getBlob: async (blob, options) => {
        options?.signal?.addEventListener('abort', () => undefined)
        return await source.getBlob(blob, options)
      },
    })),
  },
  {
    wrong: 'reads a blob to its end after an abort',
    breaks: ['abort/mid-blob-read'],
    apply: inSources((source) => ({
      getBlob: async (blob, options) => {
        const bytes = await joined(await source.getBlob(blob, { offset: options?.offset }))
        return {
          ...(await source.getBlob(blob, options)),
          async *[Symbol.asyncIterator]() {
            yield bytes
          },
        }
      },
    })),
  },
  {
    wrong: 'cannot be disposed twice',
    breaks: ['dispose/twice'],
    apply: inSources((source) => {
      let disposed = false
      return {
        async [Symbol.asyncDispose]() {
          if (disposed) throw new ImageError('CONFLICT', 'disposed already')
          disposed = true
          await source[Symbol.asyncDispose]()
        },
      }
    }),
  },
]

async function renamed<Value>(run: () => Promise<Value>): Promise<Value> {
  try {
    return await run()
  } catch (error) {
    throw new ImageError('IO', error instanceof Error ? error.message : '', { retryable: true })
  }
}

function reserialised({ bytes, mediaType }: ManifestBytes): ManifestBytes {
  const copy = new TextEncoder().encode(JSON.stringify(JSON.parse(new TextDecoder().decode(bytes))))
  return { bytes: copy, mediaType, digest: digestOf(copy) }
}

/** The reader with its bytes passed through `change`. */
function reading(
  reader: BlobReader,
  change: (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
): BlobReader {
  return {
    size: reader.size,
    [Symbol.asyncIterator]: () => change(reader)[Symbol.asyncIterator](),
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  }
}
