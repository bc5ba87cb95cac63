import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Recorded inputs and results of containerd. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- whoever asks for a table knows what is in it
export function table<Table>(name: string): Table {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/containerd', `${name}.json`), 'utf8')) as Table
}
