import { applyEdits, type FormattingOptions, modify } from 'jsonc-parser'
import { readConfigFile } from '../documents/bounded-file.ts'
import { type AuthDocument, parseAuthDocument } from './auth-document.ts'
import type { AuthFile } from './auth-files.ts'
import { namingFile } from './file-errors.ts'
import { withFileLock } from './file-lock.ts'
import { makeFolder, placeOfFile, replaceSecretFile } from './replace-file.ts'

/** What becomes of entries of `auths`, by their keys; undefined removes one. */
export type EntryChanges = ReadonlyMap<string, Readonly<Record<string, string>> | undefined>

/** As Docker and Podman write it. */
const FORMATTING: FormattingOptions = { insertSpaces: false, tabSize: 1, eol: '\n' }

/**
 * Changes entries of a file and leaves everything else as it is written, but for spaces; makes the file, with its folder, if there is none. `change` sees the
 * file as it is under the lock. A file that cannot be read is not written either. Returns whether there was anything to change.
 */
export async function editAuthFile(
  file: AuthFile,
  change: (document: AuthDocument) => EntryChanges,
  signal?: AbortSignal,
): Promise<boolean> {
  return await namingFile(file.path, async () => {
    const place = await placeOfFile(file.path)
    await makeFolder(place)
    return await withFileLock(place, { signal }, async () => {
      const bytes = (await readConfigFile(place, { signal })) ?? Buffer.from('{}')
      const changes = change(parseAuthDocument(bytes, file))
      if (changes.size === 0) return false
      const text = changed(Buffer.from(bytes).toString('utf8'), changes, file.form === 'legacy')
      parseAuthDocument(Buffer.from(text), file)
      await replaceSecretFile(place, text)
      return true
    })
  })
}

function changed(before: string, changes: EntryChanges, legacy: boolean): string {
  const table = legacy ? [] : ['auths']
  let text = before
  const set = (path: readonly string[], value: unknown): void => {
    text = applyEdits(text, modify(text, [...path], value, { formattingOptions: FORMATTING }))
  }
  // What is there may be null.
  if (!legacy && !hasTable(text, 'auths')) set(table, {})
  for (const [key, value] of changes) set([...table, key], value)
  return text
}

function hasTable(text: string, name: string): boolean {
  const root: unknown = JSON.parse(text)
  const found =
    typeof root === 'object' && root !== null ? Object.entries(root).find(([key]) => key === name) : undefined
  return typeof found?.[1] === 'object' && found[1] !== null
}
