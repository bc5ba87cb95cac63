import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../fixtures/containers-image/policy')

/** The tables of one test of containers/image, in the order of its source. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- whoever asks for a table knows what is in it
export function rowsOf<Row>(file: string, test: string): readonly (readonly Row[])[] {
  const tables = JSON.parse(readFileSync(join(FOLDER, `${file}.json`), 'utf8')) as Readonly<
    Record<string, readonly { readonly rows: readonly Row[] }[]>
  >
  return (tables[test] ?? []).map(({ rows }) => rows)
}
