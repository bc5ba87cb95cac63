import * as fc from 'fast-check'
import { type RootLayer, type TarInput, writeTar } from '../../src/index.ts'
import { pieces, readAll } from '../bodies.ts'

interface HardLink {
  readonly does: 'hard'
  readonly path: string
  readonly to: string
}

/** What a layer of the model does, in this order. */
export type Step =
  | { readonly does: 'folder' | 'whiteout' | 'opaque'; readonly path: string }
  | { readonly does: 'file'; readonly path: string; readonly content: string }
  | { readonly does: 'soft'; readonly path: string; readonly to: string }
  | HardLink

/** A file of the model; names with the same one are hard links. */
export interface ModelFile {
  readonly kind: 'folder' | 'file' | 'soft'
  readonly content: string
}

interface Placed {
  readonly file: ModelFile
  readonly layer: number
}

type Placements = Map<string, Placed>

/** A file system as a flat map from paths to files; undefined for layers that are to be refused. */
export function applyModel(layers: readonly (readonly Step[])[]): ReadonlyMap<string, ModelFile> | undefined {
  const all: Placements = new Map()
  for (const [layer, steps] of layers.entries()) {
    for (const { does, path } of steps) {
      if (does === 'whiteout') removeAll(all, path, { itself: true })
      if (does === 'opaque') removeAll(all, path, { itself: false })
    }
    if (!addAll(all, steps, layer)) return undefined
  }
  return new Map([...all].map(([path, { file }]) => [path, file]))
}

/** False if a step is to be refused. */
function addAll(all: Placements, steps: readonly Step[], layer: number): boolean {
  const later: HardLink[] = []
  for (const step of steps) {
    if (step.does === 'whiteout' || step.does === 'opaque') continue
    if (step.does === 'hard' && !all.has(step.to)) later.push(step)
    else if (!add(all, step, layer)) return false
  }
  return later.every((step) => all.get(step.path)?.layer === layer || add(all, step, layer))
}

function add(all: Placements, step: Step, layer: number): boolean {
  const file = step.does === 'hard' ? all.get(step.to)?.file : fileOf(step)
  if (file === undefined || (step.does === 'hard' && file.kind === 'folder')) return false
  for (const parent of parentsOf(step.path)) {
    const placed = all.get(parent)
    if (placed?.file.kind === 'folder') continue
    if (placed?.layer === layer) return false
    all.set(parent, { file: { kind: 'folder', content: '' }, layer })
  }
  if (file.kind !== 'folder') removeAll(all, step.path, { itself: true })
  all.set(step.path, { file, layer })
  return true
}

function fileOf(step: Step): ModelFile {
  if (step.does === 'file') return { kind: 'file', content: step.content }
  return step.does === 'soft' ? { kind: 'soft', content: step.to } : { kind: 'folder', content: '' }
}

function parentsOf(path: string): readonly string[] {
  const parts = path.split('/')
  return parts.slice(1).map((_, depth) => parts.slice(0, depth + 1).join('/'))
}

function removeAll(all: Map<string, Placed>, path: string, { itself }: { readonly itself: boolean }): void {
  for (const other of all.keys()) if (other.startsWith(`${path}/`) || (itself && other === path)) all.delete(other)
}

const paths = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant('file' as const), path: paths, content: fc.constantFrom('', 'x', 'yy') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constantFrom('folder' as const, 'whiteout' as const, 'opaque' as const),
      path: paths,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.record({ does: fc.constant('soft' as const), path: paths, to: paths }),
      fc.record({ does: fc.constant('hard' as const), path: paths, to: paths }),
    ),
  },
)

/** Layers of the model, lowest first. */
export const modelLayers: fc.Arbitrary<readonly (readonly Step[])[]> = fc.array(fc.array(step, { maxLength: 6 }), {
  maxLength: 4,
})

/** A layer that does these steps. */
export async function modelLayer(steps: readonly Step[]): Promise<RootLayer> {
  const tar = await readAll(writeTar(steps.map(inputOf)))
  return { open: () => pieces(tar, 700) }
}

function inputOf(wanted: Step): TarInput {
  const { path } = wanted
  switch (wanted.does) {
    case 'folder':
      return { path, type: 'directory' }
    case 'opaque':
      return { path: `${path}/.wh..wh..opq` }
    case 'whiteout':
      return { path: path.replace(/[^/]*$/, '.wh.$&') }
    case 'file':
      return { path, size: wanted.content.length, content: Buffer.from(wanted.content) }
    case 'soft':
    case 'hard':
  }
  return { path, type: wanted.does === 'soft' ? 'symlink' : 'hardlink', linkName: wanted.to }
}
