import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** An archive of `test/fixtures`: `tar/gnu.tar`. */
export function fixture(name: string): Buffer {
  return gunzipSync(readFileSync(new URL(`fixtures/${name}.gz`, import.meta.url)))
}
