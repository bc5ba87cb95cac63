import { verifyLayout } from '@crossdock/test-images'
import type { ImageGraph, ImageSource } from './image-source.ts'
import { problemsInDockerArchive, problemsInRootFilesystem, problemsInZstdLayout } from './verify-layers.ts'
import { askRegistry, type RegistryAddress } from './registry-client.ts'

/** What there has to be when a tool is done. */
export type Outcome =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'registry'; readonly address: RegistryAddress; readonly repository: string; readonly tag: string }
  | { readonly kind: 'docker-archive'; readonly archive: string }
  | { readonly kind: 'zstd-folder'; readonly folder: string }
  | { readonly kind: 'root-filesystem'; readonly file: string }
  | { readonly kind: 'output'; readonly words: readonly string[] }

/** Throws unless the image is where it should be, whole, or what was printed has every word. */
export async function verifyOutcome(outcome: Outcome, image: ImageSource, stdout: string): Promise<void> {
  const problems = await problemsOf(outcome, image, stdout)
  if (problems.length > 0) throw new Error(`it ended well, but ${problems.slice(0, 3).join('; ')}`)
}

async function problemsOf(outcome: Outcome, image: ImageSource, stdout: string): Promise<readonly string[]> {
  switch (outcome.kind) {
    case 'folder':
      return (await verifyLayout(outcome.folder, { root: image.digest })).problems
    case 'registry':
      return problemsInRegistry(outcome, image.graph, outcome.tag)
    case 'docker-archive':
      return problemsInDockerArchive(outcome.archive, image)
    case 'zstd-folder':
      return problemsInZstdLayout(outcome.folder, image)
    case 'root-filesystem':
      return problemsInRootFilesystem(outcome.file, image)
    default: {
      const printed = new Set(stdout.split(/[\s",:[\]]+/))
      return outcome.words.filter((word) => !printed.has(word)).map((word) => `it does not print ${word}`)
    }
  }
}

type InRegistry = Extract<Outcome, { readonly kind: 'registry' }>

/** The registry itself has checked the content of blobs against their digests. */
async function problemsInRegistry(place: InRegistry, graph: ImageGraph, name: string): Promise<readonly string[]> {
  const { address, repository } = place
  const { descriptor, children, blobs } = graph
  const head = async (path: string): Promise<string | undefined> => {
    const headers = { accept: descriptor.mediaType }
    const answer = await askRegistry(address, { method: 'HEAD', path: `/v2/${repository}/${path}`, headers })
    return answer.status === 200
      ? [answer.headers['docker-content-digest'], answer.headers['content-length']].join(' ')
      : undefined
  }
  const problems: string[] = []
  const expect = async (path: string, { digest, size }: { digest: string; size: number }): Promise<void> => {
    const found = await head(path)
    if (found !== `${digest} ${size}`) problems.push(`${repository}/${path} is ${found ?? 'missing'}`)
  }
  await expect(`manifests/${name}`, descriptor)
  for (const blob of blobs) await expect(`blobs/${blob.digest}`, blob)
  for (const child of children) problems.push(...(await problemsInRegistry(place, child, child.descriptor.digest)))
  return problems
}
