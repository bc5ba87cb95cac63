import type { ShortNameAlias } from './registries-conf.ts'

/** More is no file that a distribution ships. */
const MAX_BYTES = 64 * 1024
const PART = '[a-z0-9]+(?:[._-][a-z0-9]+)*'
const SHORT = `[a-z0-9]+(?:[_-][a-z0-9]+)*(?:/${PART})*`
/** Docker Hub's repositories are spelt out with their folder; its other names mean `docker.io`. */
const TARGET = `(?!docker\\.io/${PART}"|index\\.docker\\.io|registry-1\\.docker\\.io)[a-z0-9]+(?:[.-][a-z0-9]+)*\\.[a-z]+(?:/${PART})+`
const LINE = new RegExp(`^[\\t ]*(?:"(${SHORT})"[\\t ]*=[\\t ]*"(${TARGET})"[\\t ]*)?(?:#[\\t\\x20-\\x7e]*)?$`)
const HEADER = /^\[aliases\][\t ]*$/

/**
 * The aliases of a file that has nothing else and has them in the plainest form, as the `shortnames.conf` of distributions does; none of one that has but
 * comments, as their `registries.conf`. Both are read with every command, and loading a reader for TOML would take longer than all else that is read. Undefined
 * for any other file, good or bad.
 */
export function readPlainAliases(bytes: Uint8Array, file: string): ReadonlyMap<string, ShortNameAlias> | undefined {
  if (bytes.byteLength > MAX_BYTES || bytes.some((byte) => byte > 0x7e)) return undefined
  const aliases = new Map<string, ShortNameAlias>()
  let isBelowHeader = false
  for (const [index, line] of Buffer.from(bytes).toString('latin1').split('\n').entries()) {
    if (!isBelowHeader && HEADER.test(line)) {
      isBelowHeader = true
      continue
    }
    const match = LINE.exec(line)
    if (match === null) return undefined
    const [, name, target] = match
    if (name === undefined || target === undefined) continue
    if (!isBelowHeader || aliases.has(name) || isSpecial(name)) return undefined
    aliases.set(name, { target, origin: { file, line: index + 1 } })
  }
  return aliases
}

/** A host, an image ID, or longer than any name that people give. */
function isSpecial(name: string): boolean {
  return name.startsWith('localhost/') || /^[0-9a-f]{64}$/.test(name) || name.length > 128
}
