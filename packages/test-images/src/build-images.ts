import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, parseDigest } from '@crossdock/core'
import { createFilePool, defaultRoots, type InputRoot } from './file-pool.ts'
import { createLayoutWriter } from './layout-writer.ts'
import { type ImageShape, type LayerRecipe, recipeOf } from './shapes.ts'
import { type ImageContent, type LayerContent, writeImage } from './write-image.ts'

export interface BuildImagesOptions {
  /**
   * Where the layouts go and nothing else: one folder for each image, used again by the next call with the same recipe and
   * files, and removed when nobody has used it for a week.
   */
  readonly folder: string
  readonly shapes: readonly ImageShape[]
  /** Multiplies bytes and files of every layer. Default: 1. */
  readonly scale?: number | undefined
  /** What the layers are made of. Default: Node, this workspace's packages and the system's files. */
  readonly roots?: readonly InputRoot[] | undefined
  readonly signal?: AbortSignal | undefined
}

export interface BuiltImage {
  readonly shape: ImageShape
  /** The OCI layout; the image has the tag `latest` in it. */
  readonly folder: string
  readonly digest: Digest
  /** Whether an earlier build was used. */
  readonly cached: boolean
}

/** Part of what a cached image is known by: to be raised when the same recipe comes to mean other bytes. */
const RECIPE_VERSION = 2
const UNFINISHED = '.unfinished-'
const ABANDONED_MS = 3_600_000
const UNUSED_MS = 7 * 24 * 3_600_000

/**
 * Builds images as OCI layouts from files of this machine, one after the other. An interrupted build leaves nothing that a
 * later one would take for an image.
 */
export async function buildImages(options: BuildImagesOptions): Promise<readonly BuiltImage[]> {
  const { folder, shapes, scale = 1, roots = defaultRoots(), signal } = options
  await mkdir(folder, { recursive: true })
  await removeOld(folder)
  const built: BuiltImage[] = []
  for (const shape of shapes) {
    signal?.throwIfAborted()
    const content = chooseFiles(shape, { scale, roots })
    const target = join(folder, `${shape}-${keyOf(content)}`)
    const cached = existsSync(target)
    if (cached) await touch(target)
    else await build(content, { folder, target, signal })
    const digest = parseDigest(await readFile(join(target, 'digest'), 'utf8'))
    built.push({ shape, folder: join(target, 'layout'), digest, cached })
  }
  return built
}

function chooseFiles(
  shape: ImageShape,
  { scale, roots }: { readonly scale: number; readonly roots: readonly InputRoot[] },
): ImageContent {
  const { platforms, attested = false } = recipeOf(shape, scale)
  const pool = createFilePool(roots)
  const chosen = new Map<string, LayerContent>()
  const choose = ({ name, kind, bytes, files, level, encrypted = false }: LayerRecipe): LayerContent => {
    const layer = chosen.get(name) ?? { name, level, encrypted, files: pool.take({ kind, bytes, files }) }
    chosen.set(name, layer)
    return layer
  }
  return { attested, platforms: platforms.map(({ layers, ...rest }) => ({ ...rest, layers: layers.map(choose) })) }
}

/** What determines the bytes: the files as they are now, their order and packing, and the library that packs. */
function keyOf(content: ImageContent): string {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([RECIPE_VERSION, process.versions.zlib, content]))
  return hash.digest('hex').slice(0, 16)
}

interface BuildPlace {
  readonly folder: string
  readonly target: string
  readonly signal: AbortSignal | undefined
}

async function build(content: ImageContent, { folder, target, signal }: BuildPlace): Promise<void> {
  const unfinished = join(folder, UNFINISHED + randomUUID())
  try {
    const writer = await createLayoutWriter(join(unfinished, 'layout'))
    const { digest } = await writeImage(writer, content, signal)
    await writeFile(join(unfinished, 'digest'), digest)
    await rename(unfinished, target).catch((error: unknown) => {
      // Another process was faster with the same image.
      if (!existsSync(join(target, 'digest'))) throw error
    })
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}

/** What killed builds left, which touch their folder while they are under way, and images that nobody uses any more. */
async function removeOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const limit = name.startsWith(UNFINISHED) ? ABANDONED_MS : UNUSED_MS
    const found = await stat(join(folder, name)).catch(() => undefined)
    if (found !== undefined && Date.now() - found.mtimeMs > limit) {
      await rm(join(folder, name), { recursive: true, force: true })
    }
  }
}

async function touch(folder: string): Promise<void> {
  const now = new Date()
  await utimes(folder, now, now)
}
