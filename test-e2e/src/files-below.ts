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

/** A text that is another one when a file below the folder has changed. */
export async function stateBelow(folder: string): Promise<string> {
  const states = (await filesBelow(folder)).map(async (file) => {
    const found = await stat(file).catch(() => undefined)
    return `${file} ${found?.size} ${found?.mtimeMs}`
  })
  return (await Promise.all(states)).toSorted().join('\n')
}

function sizeOf({ size }: { readonly size: number }): number {
  return size
}
