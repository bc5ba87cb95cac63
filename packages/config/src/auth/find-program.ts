import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { pathsOf, variable } from '../host/host-paths.ts'
import type { HostEnvironment } from '../host/host-environment.ts'

/**
 * The path of a program in the folders of `PATH`; undefined if there is none. The current folder never counts, whatever `PATH` says: a
 * program there would be given the user's secrets.
 */
export async function findProgram(name: string, host: HostEnvironment): Promise<string | undefined> {
  const paths = pathsOf(host)
  const file = host.platform === 'win32' && !name.endsWith('.exe') ? `${name}.exe` : name
  for (const folder of (variable(host, 'PATH') ?? variable(host, 'Path') ?? '').split(paths.delimiter)) {
    const path = paths.join(folder, file)
    if (paths.isAbsolute(folder) && (await isProgram(path))) return path
  }
  return undefined
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
