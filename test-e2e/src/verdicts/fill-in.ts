import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** `{{KEYS}}` and the like by their values, `{{DATA:FILE}}` by the base64 of a file among the keys. */
export function fillIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{([A-Z]+)(?::([^}]*))?\}\}/g, (_, name: string, file?: string) =>
    name === 'DATA' ? readFileSync(join(values['KEYS'] ?? '', file ?? '')).toString('base64') : (values[name] ?? ''),
  )
}
