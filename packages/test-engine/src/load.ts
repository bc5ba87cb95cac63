import type { Readable } from 'node:stream'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { digestOf } from './digests.ts'
import { explicitName } from './names.ts'
import { readTar } from './tar.ts'

/** A layer as it came, and what it is unpacked. */
export interface LoadedLayer {
  readonly packed: Buffer
  readonly plain: Buffer
}

export interface LoadedImage {
  readonly config: Buffer
  readonly layers: readonly LoadedLayer[]
  /** Explicit. */
  readonly names: readonly string[]
}

interface ManifestEntry {
  readonly Config: string
  readonly RepoTags: readonly string[] | null
  readonly Layers: readonly string[] | null
}

interface Config {
  readonly os?: string
  readonly rootfs?: { readonly diff_ids?: readonly string[] }
}

/**
 * Reads what `docker load` reads, by the rules of the engine (moby, `image/tarexport/load.go`): the archive to its end, then `manifest.json`,
 * each config, and of each layer that unpacked it is what the config says. Throws an `Error` with the engine's words.
 */
export async function readLoad(body: Readable, system: string): Promise<readonly LoadedImage[]> {
  const files = await readTar(body)
  const list = files.get('manifest.json')
  if (list === undefined) throw new Error('invalid archive: does not contain a manifest.json')
  const entries: readonly ManifestEntry[] = JSON.parse(list.toString())
  return entries.map((entry) => readEntry(files, entry, system))
}

function readEntry(files: ReadonlyMap<string, Buffer>, entry: ManifestEntry, system: string): LoadedImage {
  const config = fileAt(files, entry.Config)
  const { os = system, rootfs }: Config = JSON.parse(config.toString())
  if (os !== system) throw new Error(`cannot load ${os} image on ${system}`)
  const { Layers: paths, RepoTags: tags } = entry
  const diffIds = rootfs?.diff_ids ?? []
  if ((paths?.length ?? 0) !== diffIds.length) {
    throw new Error(`invalid manifest, layers length mismatch: expected ${diffIds.length}, got ${paths?.length ?? 0}`)
  }
  const layers = (paths ?? []).map((path, place) => {
    const packed = fileAt(files, path)
    const plain = unpack(packed)
    if (digestOf(plain) !== diffIds[place]) {
      throw new Error(`invalid diffID for layer ${place}: expected "${diffIds[place]}", got "${digestOf(plain)}"`)
    }
    return { packed, plain }
  })
  return { config, layers, names: (tags ?? []).map(explicitName) }
}

function fileAt(files: ReadonlyMap<string, Buffer>, path: string): Buffer {
  const found = files.get(path)
  if (found === undefined) throw new Error(`open ${path}: no such file or directory`)
  return found
}

/** By how it begins, as the engine does. */
export function unpack(bytes: Buffer): Buffer {
  if (bytes.subarray(0, 2).toString('hex') === '1f8b') return gunzipSync(bytes)
  if (bytes.subarray(0, 4).toString('hex') === '28b52ffd') return zstdDecompressSync(bytes)
  return bytes
}
