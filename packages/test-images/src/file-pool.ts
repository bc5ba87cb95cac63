import { accessSync, constants, lstatSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** `text`: up to 256 KiB; `small`: up to 16 KiB; `binary`: from 1 MiB on. Empty files are in none. */
export type FileKind = 'any' | 'text' | 'small' | 'binary'

/** A real file, or the beginning of one, and its place in the image. */
export interface PooledFile {
  /** Where it is on this machine. */
  readonly source: string
  /** Its name in the layer, with slashes. */
  readonly name: string
  /** How much of it is taken, in bytes. */
  readonly size: number
  /** Of the source, whole milliseconds: part of what a cached image is known by. */
  readonly modifiedMs: number
}

/** A file or folder of this machine, and where its content goes in an image. */
export interface InputRoot {
  readonly path: string
  readonly as: string
}

export interface TakeOptions {
  readonly kind: FileKind
  readonly bytes: number
  readonly files?: number | undefined
}

/** Hands out files in a fixed order, each once per kind; when there are no more it begins again under other names. */
export interface FilePool {
  /** Throws if there is no file of this kind at all. */
  take(options: TakeOptions): readonly PooledFile[]
}

const KIB = 1024

const LIMITS: Readonly<Record<FileKind, { readonly least: number; readonly most: number }>> = {
  any: { least: 1, most: Infinity },
  text: { least: 1, most: 256 * KIB },
  small: { least: 1, most: 16 * KIB },
  binary: { least: KIB * KIB, most: Infinity },
}

/** What every machine that runs this has, and more where there is more: Node, this workspace's packages, the system's files. */
export function defaultRoots(): readonly InputRoot[] {
  const workspace = resolve(import.meta.dirname, '../../..')
  return [
    { path: process.execPath, as: 'usr/local/bin/node' },
    { path: join(workspace, 'node_modules', '.pnpm'), as: 'srv/app/node_modules' },
    { path: '/usr/share', as: 'usr/share' },
    { path: '/usr/lib', as: 'usr/lib' },
  ]
}

export function createFilePool(roots: readonly InputRoot[]): FilePool {
  const cursors = new Map<FileKind, Iterator<PooledFile, undefined>>()
  return {
    take: ({ kind, bytes, files = Infinity }) => {
      const cursor = cursors.get(kind) ?? endless(roots, kind)
      cursors.set(kind, cursor)
      const taken: PooledFile[] = []
      for (let left = bytes; left > 0 && taken.length < files;) {
        const { value, done } = cursor.next()
        if (done === true) throw new Error(`there is no readable file of the kind "${kind}" to build an image from`)
        const file = value.size > left ? { ...value, size: left } : value
        taken.push(file)
        left -= file.size
      }
      return taken
    },
  }
}

/** The files again and again, from the second round on below a folder of their own; ends only if there are none. */
function* endless(roots: readonly InputRoot[], kind: FileKind): Generator<PooledFile, undefined> {
  const { least, most } = LIMITS[kind]
  for (let round = 1; ; round += 1) {
    let found = false
    for (const root of roots) {
      for (const file of filesBelow(root.path, root.as)) {
        if (file.size < least || file.size > most || !isReadable(file.source)) continue
        found = true
        yield round === 1 ? file : { ...file, name: `copy-${round}/${file.name}` }
      }
    }
    if (!found) return undefined
  }
}

/** Regular files, depth first, in an order that depends on names alone. */
function* filesBelow(path: string, name: string): Generator<PooledFile, void> {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat?.isFile() === true) {
    yield { source: path, name, size: stat.size, modifiedMs: Math.floor(stat.mtimeMs) }
  } else if (stat?.isDirectory() === true) {
    for (const child of listFolder(path)) yield* filesBelow(join(path, child), `${name}/${child}`)
  }
}

/** In order, without what is hidden: caches change from run to run, and these images themselves are kept in one. */
function listFolder(path: string): readonly string[] {
  try {
    return readdirSync(path)
      .filter((name) => !name.startsWith('.'))
      .toSorted((a, b) => (a < b ? -1 : 1))
  } catch {
    return [] // Not ours to read, or gone by now.
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
