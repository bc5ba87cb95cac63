import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { ImageShape } from '@crossdock/test-images'
import { TAGS } from './fill-registry.ts'
import type { ImageSource } from './image-source.ts'
import type { Operation } from './operation.ts'
import type { Site } from './site.ts'
import type { Outcome } from './verify.ts'

export type ScenarioName = keyof typeof SCENARIOS

/** What one run starts from, what there has to be afterwards, and how to clear up after it. */
export interface Attempt extends AsyncDisposable {
  readonly operation: Operation
  readonly outcome: Outcome
}

export interface Scenario {
  readonly title: string
  /** Whether it is measured with every image or, because it moves no layer, with the smallest alone. */
  readonly images: 'all' | 'one'
  /** Whether it talks to a registry. */
  readonly remote: boolean
  attempt(context: AttemptContext): Promise<Attempt>
}

export interface AttemptContext {
  readonly site: Site
  readonly image: ImageSource
  /** The name of the tool under measurement. */
  readonly tool: string
  /** Runs an operation with it, uncounted. */
  readonly prepare: (operation: Operation) => Promise<void>
}

/** The repository of an image in the source registry. */
export function repositoryOf(shape: ImageShape): string {
  return `bench/${shape}`
}

const TAG = 'latest'
const FRESH = 'fresh/image'

function sourceImage({ site, image }: AttemptContext): string {
  return `${site.source.name}/${repositoryOf(image.shape)}:${TAG}`
}

function network({ site: { link } }: AttemptContext): { readonly tls: boolean; readonly limited: boolean } {
  return { tls: link.tls, limited: link.bytesPerSecond < Infinity }
}

function attemptOf(operation: Operation, outcome: Outcome, clear: () => Promise<void> = async () => {}): Attempt {
  return { operation, outcome, [Symbol.asyncDispose]: clear }
}

async function toFreshFolder({ site }: AttemptContext, operation: (folder: string) => Operation): Promise<Attempt> {
  const folder = site.freshFolder()
  return attemptOf(operation(folder), { kind: 'folder', folder }, () => remove(folder))
}

function remove(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true })
}

async function save(context: AttemptContext): Promise<Attempt> {
  const archive = `${context.site.freshFolder()}.tar`
  const operation = { kind: 'save', from: sourceImage(context), archive, ...network(context) } as const
  return attemptOf(operation, { kind: 'docker-archive', archive }, () => remove(archive))
}

async function load(context: AttemptContext): Promise<Attempt> {
  const { site, image } = context
  const archive = await site.prepared(`archive of ${image.shape}`, async () => {
    const path = `${site.freshFolder()}.tar`
    await promisify(execFile)('tar', ['-chf', path, '-C', image.folder, 'oci-layout', 'index.json', 'blobs'])
    return path
  })
  return toFreshRegistry(context, (to) => ({ kind: 'load', archive, to, ...network(context) }))
}

async function recompress(context: AttemptContext): Promise<Attempt> {
  const folder = context.site.freshFolder()
  const operation = { kind: 'recompress', from: sourceImage(context), folder, ...network(context) } as const
  return attemptOf(operation, { kind: 'zstd-folder', folder }, () => remove(folder))
}

async function flatten(context: AttemptContext): Promise<Attempt> {
  const file = `${context.site.freshFolder()}.tar`
  const operation = { kind: 'flatten', from: sourceImage(context), file, ...network(context) } as const
  return attemptOf(operation, { kind: 'root-filesystem', file }, () => remove(file))
}

async function toFreshRegistry({ site }: AttemptContext, operation: (to: string) => Operation): Promise<Attempt> {
  const registry = await site.freshRegistry()
  const outcome = { kind: 'registry', address: registry.address, repository: FRESH, tag: TAG } as const
  return attemptOf(operation(`${registry.name}/${FRESH}:${TAG}`), outcome, async () => registry[Symbol.asyncDispose]())
}

async function pullAgain(context: AttemptContext): Promise<Attempt> {
  const { site, tool, image, prepare } = context
  const from = sourceImage(context)
  const folder = await site.prepared(`pull-again ${tool} ${image.shape}`, async () => {
    const fresh = site.freshFolder()
    await prepare({ kind: 'pull', from, folder: fresh, state: 'fresh', ...network(context) })
    return fresh
  })
  const operation = { kind: 'pull', from, folder, state: 'complete', ...network(context) } as const
  return attemptOf(operation, { kind: 'folder', folder })
}

async function pushAgain(context: AttemptContext): Promise<Attempt> {
  const { site, tool, image, prepare } = context
  const repository = `again/${tool}-${image.shape}`
  const push = { kind: 'push', folder: image.folder, to: `${site.source.name}/${repository}:${TAG}` } as const
  await site.prepared(`push-again ${tool} ${image.shape}`, () =>
    prepare({ ...push, there: false, ...network(context) }),
  )
  const outcome = { kind: 'registry', address: site.source.address, repository, tag: TAG } as const
  return attemptOf({ ...push, there: true, ...network(context) }, outcome)
}

/** Once before anything is measured: what a tool learns from that, it may use. */
async function mount(context: AttemptContext): Promise<Attempt> {
  const { site, tool, image, prepare } = context
  const copyTo = (repository: string): Operation => {
    const to = `${site.source.name}/${repository}:${TAG}`
    return { kind: 'copy', from: sourceImage(context), to, sameRegistry: true, ...network(context) }
  }
  await site.prepared(`mount ${tool} ${image.shape}`, () => prepare(copyTo(`mounted/${randomUUID()}`)))
  const repository = `mounted/${randomUUID()}`
  const outcome = { kind: 'registry', address: site.source.address, repository, tag: TAG } as const
  return attemptOf(copyTo(repository), outcome)
}

const SCENARIOS = {
  pull: {
    title: 'registry → folder',
    images: 'all',
    remote: true,
    attempt: (context) =>
      toFreshFolder(context, (folder) => ({
        kind: 'pull',
        from: sourceImage(context),
        folder,
        state: 'fresh',
        ...network(context),
      })),
  },
  push: {
    title: 'folder → registry',
    images: 'all',
    remote: true,
    attempt: (context) =>
      toFreshRegistry(context, (to) => ({
        kind: 'push',
        folder: context.image.folder,
        to,
        there: false,
        ...network(context),
      })),
  },
  copy: {
    title: 'registry → another registry',
    images: 'all',
    remote: true,
    attempt: (context) =>
      toFreshRegistry(context, (to) => ({
        kind: 'copy',
        from: sourceImage(context),
        to,
        sameRegistry: false,
        ...network(context),
      })),
  },
  mount: {
    title: 'registry → another repository of the same registry',
    images: 'all',
    remote: true,
    attempt: mount,
  },
  folder: {
    title: 'folder → folder',
    images: 'all',
    remote: false,
    attempt: (context) => toFreshFolder(context, (folder) => ({ kind: 'folder', from: context.image.folder, folder })),
  },
  'pull-again': {
    title: 'registry → folder that has it',
    images: 'all',
    remote: true,
    attempt: pullAgain,
  },
  'push-again': {
    title: 'folder → registry that has it',
    images: 'all',
    remote: true,
    attempt: pushAgain,
  },
  save: {
    title: 'registry → docker-archive',
    images: 'all',
    remote: true,
    attempt: save,
  },
  load: {
    title: 'oci-archive → registry',
    images: 'all',
    remote: true,
    attempt: load,
  },
  recompress: {
    title: 'registry → folder, layers in zstd',
    images: 'all',
    remote: true,
    attempt: recompress,
  },
  flatten: {
    title: 'registry → root filesystem as a tar',
    images: 'all',
    remote: true,
    attempt: flatten,
  },
  inspect: {
    title: 'inspect',
    images: 'one',
    remote: true,
    attempt: async (context) =>
      attemptOf(
        { kind: 'inspect', image: sourceImage(context), ...network(context) },
        { kind: 'output', words: ['amd64', 'linux'] },
      ),
  },
  'list-tags': {
    title: `list ${TAGS.length} tags`,
    images: 'one',
    remote: true,
    attempt: async (context) => {
      const repository = `${context.site.source.name}/${repositoryOf(context.image.shape)}`
      return attemptOf({ kind: 'list-tags', repository, ...network(context) }, { kind: 'output', words: TAGS })
    },
  },
  version: {
    title: 'start-up: --version',
    images: 'one',
    remote: false,
    attempt: async () => attemptOf({ kind: 'version' }, { kind: 'output', words: [] }),
  },
} satisfies Readonly<Record<string, Scenario>>

// The keys of the object above, which Object.keys gives as plain strings.
export const scenarioNames = Object.keys(SCENARIOS) as readonly ScenarioName[]

export function scenarioOf(name: ScenarioName): Scenario {
  return SCENARIOS[name]
}
