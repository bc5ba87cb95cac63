import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Paths of all files below a folder; none if it is not there. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  if (!existsSync(folder)) return []
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** Bytes of all files below a folder that may change meanwhile. */
export async function bytesBelow(folder: string): Promise<number> {
  const files = await filesBelow(folder)
  const sizes = await Promise.all(files.map((file) => stat(file).then(sizeOf, () => 0)))
  return sizes.reduce((sum, size) => sum + size, 0)
}

function sizeOf({ size }: { readonly size: number }): number {
  return size
}
