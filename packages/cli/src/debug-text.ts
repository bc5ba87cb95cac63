import { quoteForeign } from '@crossdock/core'

const SECRET = /\b(?:bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}|\beyJ[\w-]{5,}(?:\.[\w-]*){0,2}|\/\/[^\s/@"']{1,200}@/gi

/** Where an error comes from, with all its causes, for `--debug`; what looks like a credential is left out. */
export function debugText(error: unknown): string {
  const { inspect } = process.getBuiltinModule('node:util')
  const lines = inspect(error).replaceAll(SECRET, '…').split('\n')
  return lines.map((line) => `${quoteForeign(line, 2000)}\n`).join('')
}
