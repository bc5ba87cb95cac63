import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const sources = dirname(fileURLToPath(new URL('./floor/main.ts', import.meta.url)))

/** What the program is made of, below `src`. */
function parts(): readonly string[] {
  return [...readdirSync(sources).map((name) => `floor/${name}`), 'link/buffer-pool.ts']
}

/** Writes the program as JavaScript, so that stripping the types is no part of what is measured; returns its path. */
export function writeFloor(folder: string): string {
  for (const part of parts()) {
    const code = stripTypeScriptTypes(readFileSync(join(sources, '..', part), 'utf8'))
    const target = join(folder, part.replace(/\.ts$/, '.mjs'))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, code.replaceAll(/from '(\.[^']+)\.ts'/g, "from '$1.mjs'"))
  }
  return join(folder, 'floor', 'main.mjs')
}
