import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { buildImages, type ImageShape } from '@crossdock/test-images'
import { type Certificate, createCertificate } from './certificate.ts'
import { toolEnvironment } from './environment.ts'
import { fillRegistry } from './fill-registry.ts'
import { findInPath } from './find-in-path.ts'
import { type ImageSource, prepareSource } from './image-source.ts'
import { startDelayHost } from './link/delay-host.ts'
import type { BenchLink } from './links.ts'
import type { BenchOptions } from './options.ts'
import type { Section } from './plan.ts'
import { type Registry, startRegistry } from './registry.ts'
import { repositoryOf } from './scenarios.ts'
import { openSite, type Site, temporaryFolder } from './site.ts'
import { findTools, type Tool } from './tools.ts'

const cache = resolve(import.meta.dirname, '../../node_modules/.cache/crossdock-bench')

/** Everything that is there before the first row: images, tools, registries that hold the images. */
export interface Bench extends AsyncDisposable {
  readonly tools: readonly Tool[]
  /** The registry on the other side, in words. */
  readonly registry: string
  readonly env: NodeJS.ProcessEnv
  image(shape: ImageShape): ImageSource
  /** The sites of a link: one to measure at, one to count at. Throws if there is no way to make the link. */
  openSites(link: BenchLink): Promise<Sites>
}

export interface Sites extends AsyncDisposable {
  readonly timed: Site
  readonly counted: Site
}

export async function openBench(options: BenchOptions, signal: AbortSignal): Promise<Bench> {
  await using opened = new AsyncDisposableStack()
  const { path: folder } = opened.use(await temporaryFolder())
  const images = await sourcesFor(options, { folder, signal })
  const tools = findTools({ only: options.tools, folder })
  const binary = options.embedded ? undefined : findInPath('docker-registry')
  const home = join(folder, 'home')
  await mkdir(home)
  const stack = opened.move()
  const once = lazily(stack)
  const delays = once(startDelayHost)
  const certificate = once(async () => withoutEnd(await createCertificate(folder)))
  const start = (tls: boolean) => async (): Promise<Registry & AsyncDisposable> => {
    const secured = tls ? await certificate() : undefined
    const registry = await startRegistry({ binary, folder: join(folder, tls ? 'tls' : 'plain'), certificate: secured })
    for (const shape of shapesOf(options.sections, tls)) {
      await fillRegistry(registry.address, repositoryOf(shape), found(images, shape))
    }
    return { ...registry, [Symbol.asyncDispose]: () => registry.close() }
  }
  const [plain, secure] = [once(start(false)), once(start(true))]
  return {
    tools,
    registry: binary === undefined ? 'the one of this project' : 'docker-registry',
    env: toolEnvironment(home),
    image: (shape) => found(images, shape),
    openSites: async (link) => {
      const source = await (link.tls ? secure() : plain())
      const site = { link, source, binary, folder, certificate: link.tls ? await certificate() : undefined, delays }
      await using sites = new AsyncDisposableStack()
      const timed = sites.use(await openSite({ ...site, counting: false }))
      const counted = sites.use(await openSite({ ...site, counting: true }))
      const all = sites.move()
      return { timed, counted, [Symbol.asyncDispose]: () => all.disposeAsync() }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** Things that are made when they are first asked for, once, and end with a stack. */
function lazily(stack: AsyncDisposableStack) {
  return <Value extends AsyncDisposable>(make: () => Promise<Value>): (() => Promise<Value>) => {
    let made: Promise<Value> | undefined
    return () => {
      made ??= make().then((value) => stack.use(value))
      return made
    }
  }
}

function withoutEnd(certificate: Certificate): Certificate & AsyncDisposable {
  return { ...certificate, [Symbol.asyncDispose]: async () => {} }
}

interface SourcePlace {
  readonly folder: string
  readonly signal: AbortSignal
}

async function sourcesFor({ sections, scale }: BenchOptions, { folder, signal }: SourcePlace): Promise<ImageSources> {
  process.stderr.write('building the images, or finding those of an earlier run\n')
  const built = await buildImages({ folder: cache, shapes: shapesOf(sections), scale, signal })
  const sources = new Map<ImageShape, ImageSource>()
  for (const image of built) sources.set(image.shape, await prepareSource(image, join(folder, 'sources', image.shape)))
  return sources
}

type ImageSources = ReadonlyMap<ImageShape, ImageSource>

function found(images: ImageSources, shape: ImageShape): ImageSource {
  const image = images.get(shape)
  if (image === undefined) throw new Error(`the image ${shape} was not built`)
  return image
}

/** Of all sections, or of those whose registries speak TLS or do not. */
function shapesOf(sections: readonly Section[], tls?: boolean): readonly ImageShape[] {
  const wanted = sections.filter(({ link }) => tls === undefined || link.tls === tls)
  return [...new Set(wanted.flatMap(({ images }) => images))]
}
