import type { FileKind } from './file-pool.ts'

/** What images there are; README.md describes them. */
export type ImageShape =
  | 'demo'
  | 'one-layer'
  | 'multi'
  | 'many'
  | 'big'
  | 'incompressible'
  | 'files'
  | 'multiarch'
  | 'tiny'

/** A layer: real files of one kind up to a budget. Layers of one image that have the same `name` are the same layer. */
export interface LayerRecipe {
  readonly name: string
  readonly kind: FileKind
  /** Bytes of file content; the last file is cut to fit. */
  readonly bytes: number
  /** Most files. Default: no limit but `bytes`. */
  readonly files?: number | undefined
  /** gzip level; 0 wraps without packing, for sizes that would take too long to pack. */
  readonly level: number
  /** Whether the content of the files is encrypted with a fixed key, so that nothing can pack it. Default: false. */
  readonly encrypted?: boolean | undefined
}

export interface PlatformRecipe {
  readonly architecture: string
  readonly variant?: string | undefined
  readonly layers: readonly LayerRecipe[]
}

export interface ImageRecipe {
  /** One platform is an image of its own, several are an index. */
  readonly platforms: readonly PlatformRecipe[]
  /** Whether each platform has an attestation manifest beside it in the index, and an SBOM refers to the index. */
  readonly attested?: boolean | undefined
}

const MB = 1_000_000

const base: LayerRecipe = { name: 'base', kind: 'text', bytes: 45 * MB, level: 1 }
const app: LayerRecipe = { name: 'app', kind: 'text', bytes: 15 * MB, level: 1 }
const runtime = { kind: 'binary', level: 1 } as const

const RECIPES: Readonly<Record<ImageShape, ImageRecipe>> = {
  demo: {
    platforms: [
      platform('amd64', [base, { name: 'runtime-amd64', bytes: 80 * MB, ...runtime }, app]),
      platform('arm64', [base, { name: 'runtime-arm64', bytes: 50 * MB, ...runtime }, app]),
    ],
  },
  'one-layer': { platforms: [platform('amd64', [{ name: 'all', kind: 'any', bytes: 80 * MB, level: 1 }])] },
  many: {
    platforms: [
      platform(
        'amd64',
        Array.from({ length: 60 }, (_, number) => ({
          name: `part-${number}`,
          kind: 'text' as const,
          bytes: 0.3 * MB + (number % 9) * 0.025 * MB,
          level: 0,
        })),
      ),
    ],
  },
  multi: {
    platforms: [
      platform('amd64', [
        { name: 'base', kind: 'text', bytes: 240 * MB, level: 1 },
        { name: 'runtime', bytes: 260 * MB, ...runtime },
        { name: 'dependencies', kind: 'small', bytes: 320 * MB, files: 32_000, level: 1 },
        { name: 'app', kind: 'small', bytes: 0.24 * MB, files: 40, level: 1 },
      ]),
    ],
  },
  big: { platforms: [platform('amd64', [{ name: 'all', bytes: 1120 * MB, ...runtime }])] },
  incompressible: {
    platforms: [platform('amd64', [{ name: 'all', kind: 'binary', bytes: 1000 * MB, level: 0, encrypted: true }])],
  },
  files: {
    platforms: [platform('amd64', [{ name: 'all', kind: 'small', bytes: 240 * MB, files: 30_000, level: 1 }])],
  },
  multiarch: {
    platforms: [
      platform('amd64', [
        { name: 'base', kind: 'text', bytes: 20 * MB, level: 1 },
        { name: 'amd64', bytes: 10 * MB, ...runtime },
      ]),
      platform('arm64', [
        { name: 'base', kind: 'text', bytes: 20 * MB, level: 1 },
        { name: 'arm64', bytes: 10 * MB, ...runtime },
      ]),
    ],
    attested: true,
  },
  tiny: { platforms: [platform('amd64', [{ name: 'all', kind: 'small', bytes: 2000, files: 1, level: 1 }])] },
}

export const imageShapes: readonly ImageShape[] = [
  'demo',
  'one-layer',
  'multi',
  'many',
  'big',
  'incompressible',
  'files',
  'multiarch',
  'tiny',
]

/** The recipe with every budget multiplied by `scale`; nothing shrinks below one file of 100 bytes. */
export function recipeOf(shape: ImageShape, scale: number): ImageRecipe {
  const recipe = RECIPES[shape]
  if (scale === 1) return recipe
  const platforms = recipe.platforms.map(({ layers, ...rest }) => ({
    ...rest,
    layers: layers.map((layer) => scaleLayer(layer, scale)),
  }))
  return { ...recipe, platforms }
}

function scaleLayer(layer: LayerRecipe, scale: number): LayerRecipe {
  const { bytes, files } = layer
  return {
    ...layer,
    bytes: Math.max(100, Math.round(bytes * scale)),
    ...(files !== undefined && { files: Math.max(1, Math.round(files * scale)) }),
  }
}

function platform(architecture: string, layers: readonly LayerRecipe[]): PlatformRecipe {
  return { architecture, ...(architecture === 'arm64' && { variant: 'v8' }), layers }
}
