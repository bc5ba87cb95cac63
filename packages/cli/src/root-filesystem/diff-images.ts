import { diffRootTrees, type RootDifference, type RootField, type RootNode, type RootTree } from '@crossdock/archive'
import type { Call } from '../endpoints.ts'
import { haveSameLayers, withCommonLayers } from './common-layers.ts'
import { fileFacts, type FileFacts, shownName } from './file-facts.ts'
import { type ImageLayer, type LayeredImage, readTree } from './open-layers.ts'
import { each, jsonLines, printText } from './print.ts'

export interface DiffImagesOptions {
  /** Whether a file that differs in nothing but its time differs. */
  readonly times: boolean
  readonly form: 'lines' | 'json'
}

export interface ImagePair {
  readonly before: LayeredImage
  readonly after: LayeredImage
}

/** What `diff` prints as JSON. */
interface Difference {
  readonly path: string
  readonly kind: RootDifference['kind']
  /** In what a changed file differs. */
  readonly fields?: readonly RootField[]
  readonly before?: Omit<FileFacts, 'path'>
  readonly after?: Omit<FileFacts, 'path'>
}

/** Prints in what the files of two images differ. Images of the same layers are the same: nothing is read then. */
export async function diffImages(pair: ImagePair, options: DiffImagesOptions, call: Call): Promise<void> {
  const differences = haveSameLayers(pair.before, pair.after) ? [] : await differencesOf(pair, options, call)
  if (options.form === 'json') {
    return await printText(jsonLines(each(differences, (found) => asJson(found, pair))), call)
  }
  await printText(each(differences, asLine), call)
}

async function differencesOf(
  pair: ImagePair,
  { times }: DiffImagesOptions,
  { operation }: Call,
): Promise<Iterable<RootDifference>> {
  const [before, after] = await readBoth(pair, operation.signal)
  return relevant(diffRootTrees(before, after), times)
}

/** At the same time. The first failure ends the other. */
async function readBoth({ before, after }: ImagePair, outer: AbortSignal): Promise<readonly [RootTree, RootTree]> {
  const failed = new AbortController()
  const signal = AbortSignal.any([outer, failed.signal])
  const read = async (image: LayeredImage): Promise<RootTree> => {
    try {
      return await readTree(image, { signal, digests: true })
    } catch (reason) {
      failed.abort(reason)
      throw reason
    }
  }
  const [first, second] = withCommonLayers(before, after)
  const reading = [read(first), read(second)] as const
  try {
    return await Promise.all(reading)
  } finally {
    await Promise.allSettled(reading)
  }
}

function* relevant(differences: Iterable<RootDifference>, times: boolean): Generator<RootDifference> {
  for (const difference of differences) {
    const fields = times ? difference.fields : difference.fields.filter((field) => field !== 'mtime')
    if (difference.kind !== 'changed' || fields.length > 0) yield { ...difference, fields }
  }
}

function asJson({ path, kind, before, after, fields }: RootDifference, pair: ImagePair): Difference {
  return {
    path: `/${path}`,
    kind,
    ...(kind === 'changed' && { fields }),
    ...(before !== undefined && { before: factsOf(before, pair.before.layers) }),
    ...(after !== undefined && { after: factsOf(after, pair.after.layers) }),
  }
}

function factsOf(node: RootNode, layers: readonly ImageLayer[]): Omit<FileFacts, 'path'> {
  const { path: _, ...facts } = fileFacts({ path: '', node }, layers)
  return facts
}

const WIDTH = 'removed'.length

function asLine({ path, kind, fields }: RootDifference): string {
  const differing = fields.length === 0 ? '' : `  (${fields.join(', ')})`
  return `${kind.padEnd(WIDTH)}  /${shownName(path)}${differing}\n`
}
