import type { KeyStoreReader } from '../../src/index.ts'

/** Files by path, as a file system: a folder is there if something lies in it. */
export function filesAsStore(files: Readonly<Record<string, Uint8Array>>): KeyStoreReader {
  const paths = Object.keys(files)
  return {
    operation: {},
    readFile: async (path) => {
      if (paths.some((one) => one.startsWith(`${path}/`))) throw new Error(`${path} is a folder`)
      return files[path]
    },
    readFolder: async (path) => {
      const inside = paths.filter((one) => one.startsWith(`${path}/`)).map((one) => one.slice(path.length + 1))
      return inside.length === 0 ? undefined : [...new Set(inside.map((one) => one.split('/')[0] ?? ''))].toSorted()
    },
  }
}
