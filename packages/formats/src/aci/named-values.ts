import { quoteForeign } from '@crossdock/core'
import { invalid } from '../fields.ts'

export interface AciNamedValue {
  readonly name: string
  readonly value: string
}

/** The value of a label or an annotation; undefined if it is not there. */
export function valueOf(all: readonly AciNamedValue[], name: string): string | undefined {
  return all.find((each) => each.name === name)?.value
}

/** Throws `INVALID_DATA` if two have one name. */
export function checkUnique(all: readonly { readonly name: string }[], where: string): void {
  const names = new Set<string>()
  for (const { name } of all) {
    if (names.has(name)) throw invalid(where, `"${quoteForeign(name, 100)}" is there twice`)
    names.add(name)
  }
}
