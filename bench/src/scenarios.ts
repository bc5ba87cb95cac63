import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { ImageShape } from '@crossdock/test-images'
import type { Site } from './site.ts'
import type { Operation } from './tools.ts'

export type ScenarioName = keyof typeof SCENARIOS

/** What one run starts from: the operation, and how to clear up after it. */
export interface Attempt extends AsyncDisposable {
  readonly operation: Operation
}

export interface Scenario {
  readonly title: string
  /** Whether it is measured with every image or, because it moves no layer, with the smallest alone. */
  readonly images: 'all' | 'one'
  /** Whether there is a floor to compare with. */
  readonly floor: boolean
  attempt(context: AttemptContext): Promise<Attempt>
}

export interface AttemptContext {
  readonly site: Site
  readonly shape: ImageShape
  /** The image as an OCI layout. */
  readonly folder: string
  /** Runs an operation with the tool under measurement, uncounted. */
  readonly prepare: (operation: Operation) => Promise<void>
  readonly tool: string
}

/** The repository of an image in the source registry. */
export function repositoryOf(shape: ImageShape): string {
  return `bench/${shape}`
}

function sourceImage({ site, shape }: AttemptContext): string {
  return `${site.source.name}/${repositoryOf(shape)}:latest`
}

const nothing = async (): Promise<void> => {}

const SCENARIOS = {
  pull: {
    title: 'registry → OCI folder',
    images: 'all',
    floor: true,
    attempt: async (context) => {
      const folder = context.site.freshFolder()
      return {
        operation: { kind: 'pull', from: sourceImage(context), folder },
        [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
      }
    },
  },
  push: {
    title: 'OCI folder → registry',
    images: 'all',
    floor: true,
    attempt: async ({ site, folder }) => {
      const registry = await site.freshRegistry()
      return {
        operation: { kind: 'push', folder, to: `${registry.name}/fresh/image:latest` },
        [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
      }
    },
  },
  copy: {
    title: 'registry → another registry',
    images: 'all',
    floor: false,
    attempt: async (context) => {
      const registry = await context.site.freshRegistry()
      return {
        operation: { kind: 'copy', from: sourceImage(context), to: `${registry.name}/fresh/image:latest` },
        [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
      }
    },
  },
  mount: {
    title: 'registry → another repository of the same registry',
    images: 'all',
    floor: false,
    attempt: async (context) => {
      const to = `${context.site.source.name}/fresh/${randomUUID()}:latest`
      return { operation: { kind: 'copy', from: sourceImage(context), to }, [Symbol.asyncDispose]: nothing }
    },
  },
  'pull-again': {
    title: 'registry → OCI folder that has it',
    images: 'all',
    floor: false,
    attempt: async (context) => {
      const { site, tool, shape, prepare } = context
      const operation = await site.prepared(`pull-again ${tool} ${shape}`, async () => {
        const pull: Operation = { kind: 'pull', from: sourceImage(context), folder: site.freshFolder() }
        await prepare(pull)
        return pull
      })
      return { operation, [Symbol.asyncDispose]: nothing }
    },
  },
  'push-again': {
    title: 'OCI folder → registry that has it',
    images: 'all',
    floor: false,
    attempt: async ({ site, tool, shape, folder, prepare }) => {
      const operation = await site.prepared(`push-again ${tool} ${shape}`, async () => {
        const push: Operation = { kind: 'push', folder, to: `${site.source.name}/again/${tool}-${shape}:latest` }
        await prepare(push)
        return push
      })
      return { operation, [Symbol.asyncDispose]: nothing }
    },
  },
  inspect: {
    title: 'inspect',
    images: 'one',
    floor: false,
    attempt: async (context) => ({
      operation: { kind: 'inspect', image: sourceImage(context) },
      [Symbol.asyncDispose]: nothing,
    }),
  },
  'list-tags': {
    title: 'list 200 tags',
    images: 'one',
    floor: false,
    attempt: async ({ site, shape }) => ({
      operation: { kind: 'list-tags', repository: `${site.source.name}/${repositoryOf(shape)}` },
      [Symbol.asyncDispose]: nothing,
    }),
  },
  version: {
    title: 'start-up: --version',
    images: 'one',
    floor: true,
    attempt: async () => ({ operation: { kind: 'version' }, [Symbol.asyncDispose]: nothing }),
  },
} satisfies Readonly<Record<string, Scenario>>

// The keys of the object above, which Object.keys gives as plain strings.
export const scenarioNames = Object.keys(SCENARIOS) as readonly ScenarioName[]

export function scenarioOf(name: ScenarioName): Scenario {
  return SCENARIOS[name]
}
