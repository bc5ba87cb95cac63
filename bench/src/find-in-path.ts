import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where the program is that a shell would run; undefined if there is none. */
export function findInPath(name: string, path: string = process.env['PATH'] ?? ''): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
