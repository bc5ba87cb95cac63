import { ImageError } from '@crossdock/core'
import { wrapTransport } from '../../src/index.ts'
import { inEveryCall, inReferences, repositoryOf, type Saboteur } from './saboteur.ts'

export const callSaboteurs: readonly Saboteur[] = [
  {
    wrong: 'ignores signals',
    breaks: ['abort/before-start', 'abort/mid-blob-read', 'abort/mid-blob-write'],
    apply: inEveryCall((operation, proceed) => proceed({ ...operation, signal: undefined })),
  },
  {
    wrong: 'wraps the reason of an abort',
    breaks: ['abort/before-start', 'abort/rejects-with-the-reason', 'abort/mid-blob-write'],
    apply: inEveryCall(async (operation, proceed) => {
      await Promise.resolve()
      try {
        operation?.signal?.throwIfAborted()
        return await proceed({ ...operation })
      } catch (error) {
        throw ImageError.from(error, 'IO')
      }
    }),
  },
  {
    wrong: 'reads and writes manifests of any size',
    breaks: ['limits/oversized-manifest', 'limits/oversized-manifest-refused'],
    apply: (memory) =>
      wrapTransport(memory, {
        source: (source) => ({
          ...source,
          getManifest: async () => {
            const [manifest] = repositoryOf(source.reference, memory).manifests.values()
            if (manifest === undefined) throw new ImageError('NOT_FOUND', 'nothing is there')
            return manifest
          },
        }),
        destination: (destination) => ({
          ...destination,
          putManifest: async (manifest) => {
            const { manifests, tags } = repositoryOf(destination.reference, memory)
            manifests.set(manifest.digest, manifest)
            tags.set('tag', manifest.digest)
          },
        }),
      }),
  },
  {
    wrong: 'calls a missing image an I/O error',
    breaks: ['source/missing-image', 'delete/missing'],
    apply: inReferences((reference) => {
      const openSource = reference.openSource?.bind(reference)
      const remove = reference.delete?.bind(reference)
      return {
        openSource: (operation) => renamed(() => openSource?.(operation)),
        delete: (operation) => renamed(() => remove?.(operation)),
      }
    }),
  },
]

async function renamed<Value>(run: () => Promise<Value> | undefined): Promise<Value> {
  try {
    const value = await run()
    if (value !== undefined) return value
  } catch {
    // It says so below, whatever it was.
  }
  throw new ImageError('IO', 'it did not work')
}
